// @notionhq/client, unchanged, at its daily work: pointed at an emulator by `baseUrl`, as it documents.

import assert from 'node:assert/strict';
import {
  APIErrorCode, Client, collectPaginatedAPI, isFullPage, isNotionClientError, iteratePaginatedAPI, LogLevel,
} from '@notionhq/client';
import { play, refusal, TIME_OUT, waits } from '../parts.mjs';

const text = content => [{ text: { content } }];
const name = page => page.properties.Name.title.map(part => part.plain_text).join('');
const UNKNOWN = '01234567-89ab-4def-8123-456789abcdef';

function client({ base, token, version }, more = {}) {
  const notionVersion = version ? { notionVersion: version } : {};
  return new Client({ auth: token, baseUrl: base, timeoutMs: TIME_OUT, logLevel: LogLevel.ERROR, ...notionVersion, ...more });
}

async function refused(promise) {
  const error = await refusal(promise);
  assert.ok(isNotionClientError(error), String(error));
  return [error.status ?? 0, error.code];
}

await play({
  // A database is made, rows are put in, read, changed many at once, and thrown away.
  async work(given) {
    const notion = client(given);
    assert.equal((await notion.users.me({})).type, 'bot');
    const database = await notion.databases.create({
      parent: { type: 'page_id', page_id: given.home },
      title: text('Made by npm'),
      initial_data_source: {
        properties: {
          Name: { title: {} },
          Count: { number: { format: 'number' } },
          Kind: { select: { options: [{ name: 'daily' }, { name: 'weekly' }] } },
          Due: { date: {} },
          Done: { checkbox: {} },
        },
      },
    });
    const source = (await notion.databases.retrieve({ database_id: database.id })).data_sources[0].id;
    const schema = await notion.dataSources.retrieve({ data_source_id: source });
    assert.deepEqual(schema.properties.Kind.select.options.map(option => option.name), ['daily', 'weekly']);

    const parent = { type: 'data_source_id', data_source_id: source };
    const rows = await Promise.all(Array.from({ length: 20 }, (_, at) => notion.pages.create({
      parent,
      properties: {
        Name: { title: text(`row ${at}`) },
        Count: { number: at },
        Kind: { select: { name: at % 2 ? 'daily' : 'weekly' } },
        Due: { date: { start: '2026-09-15' } },
      },
    })));
    assert.ok(rows.every(isFullPage));
    assert.equal(new Set(rows.map(row => row.id)).size, 20);

    const daily = await notion.dataSources.query({
      data_source_id: source,
      filter: { and: [{ property: 'Kind', select: { equals: 'daily' } }, { property: 'Count', number: { greater_than: 10 } }] },
      sorts: [{ property: 'Count', direction: 'descending' }],
    });
    assert.deepEqual(daily.results.map(row => row.properties.Count.number), [19, 17, 15, 13, 11]);

    const changed = await Promise.all(daily.results.map(row => notion.pages.update({
      page_id: row.id,
      properties: { Done: { checkbox: true }, Kind: { select: { name: 'yearly' } }, Due: { date: null } },
    })));
    assert.ok(changed.every(row => row.properties.Done.checkbox && row.properties.Due.date === null));
    assert.ok(changed.every(row => row.properties.Kind.select.name === 'yearly' && row.properties.Count.number > 10));

    await notion.pages.update({ page_id: rows[19].id, in_trash: true });
    assert.equal((await notion.pages.retrieve({ page_id: rows[19].id })).in_trash, true);
    const left = await collectPaginatedAPI(notion.dataSources.query, {
      data_source_id: source, filter: { property: 'Done', checkbox: { equals: true } },
    });
    assert.deepEqual(left.map(name).sort(), ['row 11', 'row 13', 'row 15', 'row 17']);

    await notion.blocks.children.append({ block_id: rows[0].id, children: [{ paragraph: { rich_text: text('ran at noon') } }] });
    const blocks = await notion.blocks.children.list({ block_id: rows[0].id });
    assert.deepEqual(blocks.results.map(block => block.paragraph.rich_text[0].plain_text), ['ran at noon']);
    const change = { Count: { name: 'Number' }, Notes: { rich_text: {} } };
    await notion.dataSources.update({ data_source_id: source, properties: change });
    const renamed = await notion.pages.retrieve({ page_id: rows[3].id });
    assert.deepEqual([renamed.properties.Number.number, renamed.properties.Notes.rich_text], [3, []]);
  },

  async thousand(given) {
    const notion = client(given);
    const names = [];
    for await (const row of iteratePaginatedAPI(notion.dataSources.query, { data_source_id: given.source })) names.push(name(row));
    const few = await notion.dataSources.query({
      data_source_id: given.source,
      page_size: 5,
      filter_properties: ['Name'],
      sorts: [{ property: 'Name', direction: 'ascending' }],
    });
    assert.ok(few.has_more);
    assert.deepEqual(few.results.map(row => Object.keys(row.properties)), Array(5).fill(['Name']));
    const filtered = await collectPaginatedAPI(notion.dataSources.query, {
      data_source_id: given.source,
      filter: { or: [{ property: 'Type', select: { equals: 'daily' } }, { property: 'Name', title: { ends_with: '00' } }] },
    });
    return { names, first: few.results.map(name), filtered: filtered.length };
  },

  async errors(given) {
    const notion = client(given);
    const parent = { type: 'data_source_id', data_source_id: given.source };
    assert.deepEqual(await refused(notion.pages.retrieve({ page_id: UNKNOWN })), [404, APIErrorCode.ObjectNotFound]);
    assert.deepEqual(await refused(notion.pages.retrieve({ page_id: given.unshared })), [404, APIErrorCode.ObjectNotFound]);
    assert.deepEqual(await refused(notion.pages.retrieve({ page_id: 'junk' })), [400, APIErrorCode.ValidationError]);
    assert.deepEqual(
      await refused(notion.pages.create({ parent, properties: { Nope: { number: 1 } } })), [400, APIErrorCode.ValidationError]);
    assert.deepEqual(
      await refused(notion.pages.create({ parent, properties: { Name: { title: text('x'.repeat(2001)) } } })),
      [400, APIErrorCode.ValidationError]);
    assert.deepEqual(
      await refused(notion.dataSources.query({ data_source_id: given.source, start_cursor: UNKNOWN })),
      [400, APIErrorCode.ValidationError]);
    assert.deepEqual(
      await refused(client({ ...given, token: 'ntn_nobody' }).users.me({})), [401, APIErrorCode.Unauthorized]);
    assert.deepEqual(
      await refused(client({ ...given, token: given.reader }).pages.create({ parent, properties: {} })),
      [403, APIErrorCode.RestrictedResource]);
    assert.deepEqual(waits, []);
  },

  // How often each is sent, the test counts.
  async retried(given) {
    const notion = client(given);
    await notion.users.me({});
    await notion.dataSources.query({ data_source_id: given.source });
    return waits;
  },

  async limited(given) {
    const notion = client(given, given.own === false ? { retry: false } : {});
    const error = await refusal(notion.users.me({}));
    return { code: error.code, status: error.status, waits };
  },
});
