"""`make prove`: rowd at real work while it is killed again and again, and an account of it that a sceptic would accept.

scene (a table, a rowd.toml, a witness) → course (starts, deaths, a person, ticks; all of it journalled) → evidence → laws → report.
The course knows rowd only as a command. `evidence`, `oracle`, `windows` and `laws` share no code with rowd;
`python -m tests.prove.check FOLDER` judges a folder of evidence again. The acceptance tests run the same courses, shorter.
"""
