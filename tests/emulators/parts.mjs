// What the vendors' daily.mjs share: one part is played, as the command line says; what it answers goes to stdout as JSON.

// No timer of a client waits, but for the time-outs of its requests, which it is given five minutes for. Node's own are left as they
// are. `waits` tells for how long they would have, in ms.
export const TIME_OUT = 300_000;
export const waits = [];
const wait = globalThis.setTimeout;
globalThis.setTimeout = (then, ms = 0, ...rest) => {
  const caller = new Error().stack.split('\n')[2] ?? '';
  if (ms >= TIME_OUT || caller.includes('node:internal')) return wait(then, ms, ...rest);
  if (ms > 0) waits.push(ms);
  return wait(then, 0, ...rest);
};

export async function play(parts) {
  const [part, given] = process.argv.slice(2);
  console.log(JSON.stringify((await parts[part](JSON.parse(given))) ?? null));
}

// What a promise is refused with.
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}
