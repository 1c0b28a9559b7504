/** Hooks: who is told of which transitions, and what becomes of those that fail, hang or are too slow. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/environment/clock.ts';
import { createHooks, type Hook, type Hooks } from '../../../src/services/failover/hooks.ts';
import type { Phase, Transition } from '../../../statecharts/failover.ts';
import { serving } from '../../fixtures/http.ts';
import { until } from '../../fixtures/until.ts';

const transition = (revision: number, phase: Phase, manager = 'm1'): Transition => ({
  revision,
  term: 1,
  manager,
  change: 'elect',
  epoch: 2,
  version: 1,
  phase,
  reason: 'primary-dead',
  server: 'r1',
});

function calling(hooks: readonly Hook[], phase?: Phase) {
  const failures: string[] = [];
  const made: Hooks = createHooks({
    group: 'orders',
    manager: 'm1',
    hooks,
    phase,
    clock: systemClock(),
    onFailure: (hook, why) => void failures.push(`${hook}: ${why}`),
  });
  return { ...made, failures };
}

/** A command that adds what it reads to a file, as a line. */
function noting() {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-hooks-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'told');
  const script = `process.stdin.setEncoding('utf8'); let all = '';
process.stdin.on('data', (text) => { all += text; });
process.stdin.on('end', () => require('node:fs').appendFileSync(process.argv[1], all + '\\n'));`;
  const told = (): { revision: number; group: string }[] => {
    try {
      return readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    } catch {
      return [];
    }
  };
  return { command: [process.execPath, '--eval', script, file], told };
}

/** A web server that answers so, and what was posted to it. */
async function listening(answer: (path: string) => { status: number; location?: string } | undefined) {
  const posted: { path: string; type: string | undefined; body: unknown }[] = [];
  const place = await serving(async (request, response) => {
    const path = request.url ?? '';
    posted.push({ path, type: request.headers['content-type'], body: JSON.parse((await text(request)) || 'null') });
    const given = answer(path);
    // Without one it never answers.
    if (given !== undefined) {
      response.writeHead(given.status, given.location === undefined ? {} : { location: given.location }).end();
    }
  });
  return { posted, url: `http://${place}` };
}

describe('a command', () => {
  test('is told of each phase as it begins, in order, by the manager that began it', async () => {
    const { command, told } = noting();
    const { call, close, failures } = calling([{ command }], 'monitoring');
    call(transition(1, 'monitoring'));
    call(transition(2, 'fencing'));
    call(transition(3, 'fencing'));
    call(transition(4, 'promoting', 'm2'));
    call(transition(5, 'redirecting'));
    await until('both to be told', () => told().length === 2 || undefined);
    await close();
    expect(told()).toEqual([
      { ...transition(2, 'fencing'), group: 'orders' },
      { ...transition(5, 'redirecting'), group: 'orders' },
    ]);
    expect(failures).toEqual([]);
  });

  test('is called in the phases that it names alone', async () => {
    const { command, told } = noting();
    const { call, close } = calling([{ command, on: ['degraded', 'manual'] }]);
    for (const [at, phase] of (['fencing', 'degraded', 'promoting', 'manual'] as const).entries()) {
      call(transition(at, phase));
    }
    await until('both to be told', () => told().length === 2 || undefined);
    await close();
    expect(told().map(({ revision }) => revision)).toEqual([1, 3]);
  });

  test('that fails is told of with what it printed, and is called again the next time', async () => {
    const script = "console.error('no pager'); process.exit(3)";
    const { call, close, failures } = calling([{ command: [process.execPath, '--eval', script] }]);
    call(transition(1, 'fencing'));
    call(transition(2, 'degraded'));
    await until('both calls', () => failures.length === 2 || undefined);
    await close();
    expect(failures[0]).toMatch(/--eval .*: it ended with 3: no pager$/);
  });

  test('that there is not, or that does not end in time, holds nothing up', async () => {
    const hangs = [process.execPath, '--eval', 'setInterval(() => {}, 1000)'];
    const { command, told } = noting();
    const { call, close, failures } = calling([
      { command: ['/no/such/program'] },
      { command: hangs, timeoutMs: 100 },
      { command },
    ]);
    call(transition(1, 'fencing'));
    await until('the other to be told', () => told().length === 1 || undefined);
    await until('both failures', () => failures.length === 2 || undefined);
    await close();
    expect(failures.sort()).toEqual([
      expect.stringMatching(/^\/no\/such\/program: .*ENOENT/),
      expect.stringMatching(/within 100 ms; it was killed/),
    ]);
  });

  test('that is too slow has so many events wait for it, and no more', async () => {
    const { call, close, failures } = calling([{ command: [process.execPath, '--eval', 'setTimeout(() => {}, 500)'] }]);
    for (let at = 1; at <= 104; at += 1) call(transition(at, at % 2 === 0 ? 'fencing' : 'degraded'));
    // The first one is under way, and a hundred wait.
    expect(failures).toHaveLength(3);
    expect(failures.at(-1)).toMatch(/100 events wait already; it was not told of revision 104$/);
    await close();
    expect(failures).toHaveLength(3);
  });
});

describe('a webhook', () => {
  test('is posted the event as JSON', async () => {
    const { url, posted } = await listening(() => ({ status: 204 }));
    const { call, close, failures } = calling([{ url: `${url}/hook` }]);
    call(transition(1, 'fencing'));
    await until('it to be posted', () => posted.length === 1 || undefined);
    await close();
    expect(posted).toEqual([
      { path: '/hook', type: 'application/json', body: { ...transition(1, 'fencing'), group: 'orders' } },
    ]);
    expect(failures).toEqual([]);
  });

  test.each([
    ['refuses', '/refuses', /it answered 503$/],
    ['sends elsewhere', '/elsewhere', /fetch failed|redirect/],
    ['never answers', '/silent', /no answer within 200 ms/],
  ])('that %s has failed', async (_what, path, why) => {
    const { url, posted } = await listening((asked) => {
      if (asked === '/refuses') return { status: 503 };
      return asked === '/elsewhere' ? { status: 302, location: '/other' } : undefined;
    });
    const { call, close, failures } = calling([{ url: `${url}${path}`, timeoutMs: path === '/silent' ? 200 : 30_000 }]);
    call(transition(1, 'fencing'));
    await until('the failure', () => failures.length === 1 || undefined);
    await close();
    expect(failures[0]).toMatch(why);
    // A time-out may pass before the server has read what was posted.
    expect(posted.filter((it) => it.path !== path)).toEqual([]);
  });
});

test('hooks that are closed wait for what is under way, and call nothing more', async () => {
  const { command, told } = noting();
  const { call, close } = calling([{ command }]);
  call(transition(1, 'fencing'));
  call(transition(2, 'degraded'));
  await close();
  expect(told().map(({ revision }) => revision)).toEqual([1]);
  call(transition(3, 'promoting'));
  await close();
  expect(told()).toHaveLength(1);
});
