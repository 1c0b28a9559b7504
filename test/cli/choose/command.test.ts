import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { converse } from '../../../src/cli/choose/conclude.ts';
import { askingAt } from '../../../src/cli/choose/prompts.ts';
import { quorate } from '../commands.ts';

const directory = mkdtempSync(join(tmpdir(), 'choose-'));
afterAll(() => rmSync(directory, { recursive: true }));
const fileOf = (content: unknown): string => {
  const file = join(directory, 'answers.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};
const three = {
  loss: 'nothing',
  downtime: 'seconds',
  machines: 3,
  zones: 3,
  databases: 'none',
  distance: 'region',
  retries: 'yes',
};
const choose = (content: unknown, ...options: readonly string[]) =>
  quorate('choose', '--answers', fileOf(content), ...options);

describe('quorate choose', () => {
  test('recommends as JSON, with reasons, costs and what to start from', async () => {
    const { code, stdout } = await choose(three, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      recommended: 'raft',
      reasons: [
        { reason: 'we-hold-the-data' },
        { reason: 'a-majority-holds-it' },
        { reason: 'replacement-and-one-round-trip' },
      ],
      costs: expect.arrayContaining([
        expect.objectContaining({ what: 'flushes per command', command: 'npm run docs' }),
      ]),
      start: { file: 'raft-store.ts', commands: ['npx quorate up'] },
    });
  });

  test('tells people the same', async () => {
    const { code, stdout } = await choose(three);
    expect(code).toBe(0);
    expect(stdout).toContain('A replicated store over Raft');
    expect(stdout).toMatch(/next write after the leader has crashed: .* ms/);
    expect(stdout).toContain("from 'quorate/kv-node'");
  });

  test('refuses what cannot be, and says what would have to change', async () => {
    const { code, stdout } = await choose({ ...three, machines: 2, zones: 2 }, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ refused: 'two-machines', change: expect.stringMatching(/third one/) });
  });

  test.each([
    ['ANSWER_UNKNOWN', { ...three, loss: 'nothin' }, /did you mean 'nothing'/],
    ['ANSWER_UNKNOWN', { ...three, machine: 3 }, /did you mean 'machines'/],
    ['ANSWER_UNKNOWN', { ...three, machines: 2.5 }, /whole number from 1 to 9, got 2.5/],
    ['ANSWER_UNKNOWN', { ...three, machines: 'three' }, /whole number from 1 to 9, got "three"/],
    ['ANSWER_UNKNOWN', { ...three, loss: null }, /expected 'nothing', 'last-writes' or 'since-backup', got null$/m],
    ['FILE', ['nothing'], /expected a JSON object at .*, got a list/],
    ['FILE', 'null', /expected a JSON object at .*, got null/],
    ['FILE', '', /expected a JSON file/],
    ['ANSWER_MISSING', { loss: 'nothing' }, /'downtime' is not answered/],
    ['ANSWERS_CONTRADICT', { ...three, zones: 5 }, /5 zones of 3 machines/],
    ['ANSWERS_CONTRADICT', { ...three, owners: 'others' }, /owners: /],
    ['FILE', '{', /expected a JSON file/],
  ])('ends with 2 and %s for wrong answers', async (name, content, said) => {
    const { code, stderr } = await choose(content, '--json');
    expect(code).toBe(2);
    expect(stderr).toContain(`${name}: `);
    expect(stderr).toMatch(said);
  });

  test('takes a file that begins with a byte order mark', async () => {
    const { code } = await choose(`\uFEFF${JSON.stringify(three)}`, '--json');
    expect(code).toBe(0);
  });

  test('without a terminal asks for a file', async () => {
    const isTTY = process.stdin.isTTY;
    process.stdin.isTTY = false;
    try {
      const { code, stderr } = await quorate('choose', '--json');
      expect(code).toBe(2);
      expect(stderr).toMatch(/ANSWER_MISSING: .*--answers FILE/);
    } finally {
      process.stdin.isTTY = isTTY;
    }
  });
});

describe('the questions at a terminal', () => {
  /** A person who types what `typed` says as soon as each question is shown. */
  function personTyping(typed: Readonly<Record<string, string>>) {
    const input = new PassThrough();
    const output = new PassThrough();
    const open = new Map(Object.entries(typed));
    output.on('data', (chunk: Buffer) => {
      const shown = chunk.toString();
      for (const [question, keys] of open) {
        if (!shown.includes(question)) continue;
        open.delete(question);
        setImmediate(() => input.write(keys));
      }
    });
    return askingAt(input, output);
  }
  const down = '\u001b[B';

  test('are asked until it is concluded', async () => {
    const conclusion = await converse(
      personTyping({
        'What may be lost': '\r',
        'How long may it be down': `${down}\r`,
        'How many machines': '3\r',
        'In how many zones': '2\r',
        'Which databases': `${down}\r`,
        'Who owns': '\r',
        'How far apart': '\r',
        'May clients ask again': `${down}\r`,
      }),
    );
    expect(conclusion).toMatchObject({
      recommended: { name: 'failover-durable-cold' },
      answers: { loss: 'nothing', downtime: 'minutes', machines: 3, zones: 2, databases: 'one', retries: 'no' },
    });
  });

  test('are left by the person with a named error', async () => {
    await expect(converse(personTyping({ 'What may be lost': '\u0003' }))).rejects.toMatchObject({
      code: 'CHOICE_LEFT',
    });
  });
});
