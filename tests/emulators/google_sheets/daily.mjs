// @googleapis/sheets, unchanged, at its daily work: pointed at an emulator by `rootUrl` and the token endpoint, as it documents.

import assert from 'node:assert/strict';
import { auth, sheets } from '@googleapis/sheets';
import { play, refusal, waits } from '../parts.mjs';

// With a refresh token the client gets its own access token, and another one when that has ended.
function signedIn({ base, client_id: clientId, client_secret: clientSecret, credentials }) {
  const endpoints = { oauth2TokenUrl: `${base}token`, tokenInfoUrl: `${base}tokeninfo` };
  const signed = new auth.OAuth2({ clientId, clientSecret, endpoints, forceRefreshOnFailure: true });
  signed.setCredentials(credentials);
  return signed;
}

const service = (given, more = {}) => sheets({ version: 'v4', auth: signedIn(given), rootUrl: given.base, ...more });

async function refused(promise) {
  const error = await refusal(promise);
  const told = error.response?.data?.error;
  return [error.status, told?.status ?? told];
}

const HEADER = ['ID', 'Name', 'Status', 'Current'];

await play({
  // A spreadsheet is made and set up, rows are put in, read, changed many at once, and found again by their metadata after a sort.
  async work(given) {
    const { spreadsheets } = service(given);
    const made = await spreadsheets.create({
      requestBody: {
        properties: { title: 'Made by npm' },
        sheets: [{ properties: { title: 'Tasks', gridProperties: { frozenRowCount: 1 } } }],
      },
      fields: 'spreadsheetId,sheets.properties',
    });
    const { spreadsheetId } = made.data;
    const { sheetId } = made.data.sheets[0].properties;
    assert.deepEqual(Object.keys(made.data), ['spreadsheetId', 'sheets']);
    await spreadsheets.values.update({
      spreadsheetId, range: 'Tasks!A1', valueInputOption: 'RAW',
      requestBody: { values: [HEADER, [1, 'one', 'active', 10], [2, 'two', 'active', 20], [3, 'three', 'active', 30]] },
    });
    const appended = await spreadsheets.values.append({
      spreadsheetId, range: 'Tasks!A:D', valueInputOption: 'USER_ENTERED', insertDataOption: 'INSERT_ROWS',
      requestBody: { values: [['4', 'four', 'paused', '=A5*10+10']] },
    });
    assert.equal(appended.data.updates.updatedRange, 'Tasks!A5:D5');

    const replies = await spreadsheets.batchUpdate({
      spreadsheetId,
      requestBody: {
        requests: [
          ...[1, 2, 3, 4].map(row => ({
            createDeveloperMetadata: {
              developerMetadata: {
                metadataKey: 'rowd.id', metadataValue: `id${row}`, visibility: 'DOCUMENT',
                location: { dimensionRange: { sheetId, dimension: 'ROWS', startIndex: row, endIndex: row + 1 } },
              },
            },
          })),
          { sortRange: { range: { sheetId, startRowIndex: 1 }, sortSpecs: [{ dimensionIndex: 0, sortOrder: 'DESCENDING' }] } },
          { setBasicFilter: { filter: { range: { sheetId, startRowIndex: 0, endColumnIndex: 4 } } } },
        ],
      },
    });
    assert.equal(replies.data.replies.length, 6);
    const dataFilter = id => ({ developerMetadataLookup: { metadataKey: 'rowd.id', metadataValue: id } });
    const changed = await spreadsheets.values.batchUpdateByDataFilter({
      spreadsheetId,
      requestBody: {
        valueInputOption: 'RAW',
        data: ['id1', 'id3'].map(id => ({ dataFilter: dataFilter(id), values: [[null, null, 'done']] })),
      },
    });
    assert.equal(changed.data.totalUpdatedCells, 2);
    const found = await spreadsheets.values.batchGetByDataFilter({
      spreadsheetId, requestBody: { dataFilters: [dataFilter('id3')], valueRenderOption: 'UNFORMATTED_VALUE' },
    });
    assert.deepEqual(found.data.valueRanges[0].valueRange.values, [[3, 'three', 'done', 30]]);
    const batch = await spreadsheets.values.batchUpdate({
      spreadsheetId,
      requestBody: {
        valueInputOption: 'USER_ENTERED',
        data: [{ range: 'Tasks!C2', values: [['late']] }, { range: 'Tasks!D4:D5', values: [['7%'], ['']] }],
      },
    });
    assert.equal(batch.data.totalUpdatedCells, 3);
    const read = await spreadsheets.values.batchGet({ spreadsheetId, ranges: ['Tasks!A1:B2', 'Tasks!C2:D6'] });
    assert.deepEqual(read.data.valueRanges.map(range => range.values), [
      [['ID', 'Name'], ['4', 'four']],
      [['late', '50'], ['done', '30'], ['active', '7%'], ['done']],
    ]);
    await spreadsheets.values.clear({ spreadsheetId, range: 'Tasks!A2:D2' });
    const whole = await spreadsheets.get({ spreadsheetId, ranges: ['Tasks!A2:B3'], includeGridData: true });
    assert.equal(whole.data.sheets[0].basicFilter.range.endColumnIndex, 4);
    assert.deepEqual(whole.data.sheets[0].data[0].rowData[1].values.map(cell => cell.formattedValue), ['3', 'three']);
  },

  async thousand(given) {
    const { values } = service(given).spreadsheets;
    const { spreadsheetId } = given;
    const rows = Array.from({ length: 1000 }, (_, at) => [at + 1, `task ${at + 1}`, at % 10 ? 'active' : 'paused', at % 7]);
    await values.update({ spreadsheetId, range: 'Sheet1!A1', valueInputOption: 'RAW', requestBody: { values: [HEADER] } });
    await values.append({
      spreadsheetId, range: 'Sheet1!A1:D1', valueInputOption: 'RAW', insertDataOption: 'INSERT_ROWS', requestBody: { values: rows },
    });
    const pages = [];
    for (let begin = 2; begin <= 1001; begin += 100) {
      const page = await values.get({
        spreadsheetId, range: `Sheet1!A${begin}:D${begin + 99}`, valueRenderOption: 'UNFORMATTED_VALUE',
      });
      pages.push(page.data.values);
    }
    assert.deepEqual(pages.flat(), rows);
    const all = await values.get({ spreadsheetId, range: 'Sheet1', majorDimension: 'COLUMNS' });
    const data = all.data.values[2]
      .map((status, at) => ({ status, range: `Sheet1!C${at + 1}` }))
      .filter(({ status }) => status === 'paused')
      .map(({ range }) => ({ range, values: [['active']] }));
    const changed = await values.batchUpdate({ spreadsheetId, requestBody: { valueInputOption: 'RAW', data } });
    assert.deepEqual([data.length, changed.data.totalUpdatedCells], [100, 100]);
    const after = await values.get({ spreadsheetId, range: 'Sheet1!C2:C1001' });
    assert.ok(after.data.values.every(([status]) => status === 'active'));
  },

  async errors(given) {
    const { spreadsheets } = service(given);
    const { spreadsheetId } = given;
    const put = (range, values) =>
      spreadsheets.values.update({ spreadsheetId, range, valueInputOption: 'RAW', requestBody: { values } });
    assert.deepEqual(await refused(spreadsheets.get({ spreadsheetId: 'x'.repeat(44) })), [404, 'NOT_FOUND']);
    assert.deepEqual(await refused(spreadsheets.get({ spreadsheetId: given.unshared })), [403, 'PERMISSION_DENIED']);
    assert.deepEqual(await refused(spreadsheets.values.get({ spreadsheetId, range: 'Nope!A1' })), [400, 'INVALID_ARGUMENT']);
    assert.deepEqual(await refused(put('Sheet1!A1001', [[1]])), [400, 'INVALID_ARGUMENT']);
    assert.deepEqual(await refused(put('Sheet1!A1', [['x'.repeat(50_001)]])), [400, 'INVALID_ARGUMENT']);
    assert.deepEqual(
      await refused(spreadsheets.batchUpdate({ spreadsheetId, requestBody: { requests: [{ deleteSheet: { sheetId: 7 } }] } })),
      [400, 'INVALID_ARGUMENT']);
    const ended = service({ ...given, credentials: { access_token: 'ya29.ended' } });
    assert.deepEqual(await refused(ended.spreadsheets.get({ spreadsheetId })), [401, 'UNAUTHENTICATED']);
    const revoked = service({ ...given, credentials: { refresh_token: '1//revoked' } });
    assert.deepEqual(await refused(revoked.spreadsheets.get({ spreadsheetId })), [400, 'invalid_grant']);
    assert.deepEqual(
      await refused(sheets({ version: 'v4', auth: 'AIzaNobody', rootUrl: given.base }).spreadsheets.get({ spreadsheetId })),
      [400, 'INVALID_ARGUMENT']);
    assert.deepEqual(waits, []);
  },

  async read(given) {
    const { values } = service(given).spreadsheets;
    for (let at = 0; at < given.times; at += 1) await values.get({ spreadsheetId: given.spreadsheetId, range: 'Sheet1!A1' });
    return waits;
  },

  async limited(given) {
    const { values } = service(given, given.own === false ? { retry: false } : {}).spreadsheets;
    const { spreadsheetId } = given;
    const asked = given.writes
      ? values.append({ spreadsheetId, range: 'Sheet1', valueInputOption: 'RAW', requestBody: { values: [['x']] } })
      : values.get({ spreadsheetId, range: 'Sheet1!A1' });
    return { refused: await refused(asked), waits };
  },
});
