import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRecording } from '../../src/dashboard/recording.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { run } from '../fixtures/processes.ts';
import { quorate } from './commands.ts';

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-open-'));
  file = join(directory, 'recording.json');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const read = async () => parseRecording(await readFile(file, 'utf8')).items;
const agree = protocols.find(({ name }) => name === 'agree');
const twin = agree?.twins.find(({ checker }) => checker !== undefined)?.name ?? '';

describe('quorate open', () => {
  test('serves a recorded run until it is asked to end', async () => {
    const recorded = await quorate('simulate', 'agree', '--seed', '3', '--runs', '1', '--recording', file);
    expect(recorded.code).toBe(0);
    expect(recorded.stdout).toContain(`Recorded in ${file}; see it: quorate open ${file}`);
    const items = await read();
    expect(items[0]).toMatchObject({ type: 'head', source: 'simulation', title: 'agree, seed 3' });
    const opened = run(['open', file]);
    const [url] = await opened.printed(/http:\/\/127\.0\.0\.1:\d+\//);
    expect((await (await fetch(url)).text()).toLowerCase()).toContain('<!doctype html>');
    const served = await (await fetch(new URL('recording.json', url))).text();
    expect(parseRecording(served).items).toEqual(items);
    opened.signal('SIGINT');
    expect(await opened.end()).toBe(0);
  });

  test('shows a counterexample of the checker', async () => {
    const checked = run(['check', 'agree', '--broken', twin, '--recording', file, '--open', '--no-wait']);
    expect(await checked.end()).toBe(0);
    const items = await read();
    expect(items[0]).toMatchObject({ source: 'check' });
    expect(items.at(-1)).toMatchObject({ type: 'violation' });
    expect(checked.stdout).toMatch(new RegExp(`^${items.length} items: http://127`, 'm'));
  });

  test('says what is no recording, and what cannot be shown', async () => {
    await writeFile(file, '{"quorate":"recording","version":2,"items":[]}');
    expect(await quorate('open', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('at version') });
    expect(await quorate('open', join(directory, 'none'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('name a file that --recording wrote'),
    });
    expect(await quorate('check', 'agree', '--broken', 'all', '--open')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ask for one counterexample'),
    });
    expect(await quorate('simulate', 'agree', '--broken', 'all', '--open')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('name one'),
    });
  });
});
