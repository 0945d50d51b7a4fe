// airtable, unchanged, at its daily work: pointed at an emulator by `endpointUrl`, as it documents.

import assert from 'node:assert/strict';
import Airtable from 'airtable';
import { play, refusal, TIME_OUT, waits } from '../parts.mjs';

function table({ base, token, app, table: name }, more = {}) {
  return new Airtable({ apiKey: token, endpointUrl: base, requestTimeout: TIME_OUT, ...more }).base(app)(name);
}

async function refused(promise) {
  const error = await refusal(promise);
  assert.ok(error instanceof Airtable.Error, String(error));
  return [error.statusCode, error.error];
}

await play({
  // Records are made, read, filtered, changed and deleted in tens.
  async work(given) {
    const tasks = table(given);
    const one = await tasks.create({ Name: 'backup', Current: 0, Status: 'active' });
    assert.match(one.id, /^rec\w{14}$/);
    assert.deepEqual(one.fields, { Name: 'backup', ID: 4, Current: 0, Status: 'active' });
    assert.equal(one.get('Name'), 'backup');
    const made = await tasks.create(Array.from({ length: 10 }, (_, at) => ({ fields: { Name: `row ${at}`, Current: at } })));
    assert.deepEqual(made.map(record => record.get('Current')), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

    const high = await tasks.select({
      filterByFormula: "AND(FIND('row', {Name}), {Current} >= 5)",
      sort: [{ field: 'Current', direction: 'desc' }],
      fields: ['Name', 'Current'],
    }).all();
    assert.deepEqual(high.map(record => record.fields), [9, 8, 7, 6, 5].map(at => ({ Name: `row ${at}`, Current: at })));

    const changed = await tasks.update(high.map(record => ({ id: record.id, fields: { Status: 'paused', Current: null } })));
    assert.deepEqual(changed[0].fields, { Name: 'row 9', ID: 14, Status: 'paused' });
    assert.deepEqual((await tasks.update(one.id, { Current: 2 })).get('Status'), 'active');
    const replaced = await tasks.replace([{ id: one.id, fields: { Name: 'bare' } }]);
    assert.deepEqual(replaced[0].fields, { Name: 'bare', ID: 4 });
    const upserted = await tasks.update(
      [{ fields: { Name: 'row 1', Current: 11 } }, { fields: { Name: 'new' } }], { performUpsert: { fieldsToMergeOn: ['Name'] } });
    assert.deepEqual([upserted.length, upserted[0].id, upserted[0].get('Current')], [2, made[1].id, 11]);
    const typed = await tasks.create([{ fields: { Name: 'typed', Current: '12', Status: 'invented' } }], { typecast: true });
    assert.deepEqual([typed[0].get('Current'), typed[0].get('Status')], [12, 'invented']);

    await one.patchUpdate({ Description: 'by the record itself' });
    await one.fetch();
    assert.equal(one.get('Description'), 'by the record itself');
    assert.deepEqual((await tasks.destroy(made.map(record => record.id))).map(record => record.id), made.map(record => record.id));
    assert.equal((await one.destroy()).id, one.id);
    return (await tasks.select().firstPage()).map(record => record.get('Name'));
  },

  async thousand(given) {
    const many = table(given);
    const pages = [];
    await many.select().eachPage((records, next) => {
      pages.push(records.map(record => record.get('Name')));
      next();
    });
    const paused = await many.select({ filterByFormula: "{Status} = 'paused'", pageSize: 60, maxRecords: 90 }).all();
    const long = `OR(${Array.from({ length: 900 }, (_, at) => `{Name} = 'task ${at}'`).join(', ')}, {Name} = 'task 1000')`;
    const byPost = await many.select({ filterByFormula: long, fields: ['Name'] }).all();
    const byId = await many.select({ returnFieldsByFieldId: true, maxRecords: 1 }).firstPage();
    return {
      names: pages.flat(), pages: pages.map(page => page.length), paused: paused.length,
      byPost: byPost.map(record => record.fields), byId: Object.keys(byId[0].fields),
    };
  },

  async errors(given) {
    const tasks = table(given);
    const gone = 'recGoneGoneGone01';
    assert.deepEqual(await refused(tasks.find(gone)), [404, 'NOT_FOUND']);
    assert.deepEqual(await refused(table({ ...given, app: 'junk' }).find(gone)), [404, 'NOT_FOUND']);
    assert.deepEqual(await refused(table({ ...given, token: 'patNobody.x' }).find(gone)), [401, 'AUTHENTICATION_REQUIRED']);
    assert.deepEqual(await refused(table({ ...given, table: 'No such' }).select().all()), [403, 'NOT_AUTHORIZED']);
    assert.deepEqual(await refused(table({ ...given, token: given.reader }).create({ Name: 'x' })), [403, 'NOT_AUTHORIZED']);
    assert.deepEqual(await refused(tasks.create({ Nope: 1 })), [422, 'UNKNOWN_FIELD_NAME']);
    assert.deepEqual(await refused(tasks.create({ ID: 7 })), [422, 'INVALID_VALUE_FOR_COLUMN']);
    assert.deepEqual(await refused(tasks.create({ Status: 'no such' })), [422, 'INVALID_MULTIPLE_CHOICE_OPTIONS']);
    const eleven = Array.from({ length: 11 }, () => ({ fields: {} }));
    assert.equal((await refused(tasks.create(eleven)))[0], 422);
    assert.deepEqual(await refused(tasks.update([{ id: gone, fields: {} }])), [422, 'ROW_DOES_NOT_EXIST']);
    assert.deepEqual(await refused(tasks.select({ filterByFormula: 'AND(' }).all()), [422, 'INVALID_FILTER_BY_FORMULA']);
    assert.deepEqual(waits, []);
    return (await tasks.select().all()).length;
  },

  // The client comes again for as long as it is answered 429, at random within a span that doubles.
  async retried(given) {
    const tasks = table(given);
    for (let at = 0; at < given.times; at += 1) await tasks.select().all();
    return waits;
  },

  async limited(given) {
    const tasks = table(given, { noRetryIfRateLimited: true });
    for (let at = 0; at < 5; at += 1) await tasks.select().all();
    return { refused: await refused(tasks.select().all()), waits };
  },
});
