import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Conclusion, conclude } from '../../../src/cli/choose/conclude.ts';
import { methods, refusals } from '../../../src/cli/choose/methods.ts';
import type { Answers } from '../../../src/cli/choose/questions.ts';
import { reasons } from '../../../src/cli/choose/reasons.ts';
import { recordedCosts } from '../../../src/cli/choose/recorded.ts';
import { remarksOn } from '../../../src/cli/choose/remarks.ts';
import { readFailoverConfig } from '../../../src/cli/failover/config/read.ts';
import { root } from '../../docs/pages.ts';
import { allConclusions } from './walk.ts';

const nameOf = (it: Conclusion): string => ('recommended' in it ? it.recommended.name : it.refused.name);
const three: Answers = {
  loss: 'nothing',
  downtime: 'seconds',
  machines: 3,
  zones: 3,
  databases: 'none',
  distance: 'room',
  retries: 'yes',
};

describe('the questions', () => {
  let all: readonly Conclusion[] = [];
  beforeAll(() => {
    all = allConclusions();
  });
  const where = (isMeant: (answers: Answers) => boolean): readonly string[] => [
    ...new Set(all.flatMap((it) => (isMeant(it.answers) ? nameOf(it) : []))),
  ];

  test('lead to a recommendation, or to a refusal that says why, whatever is answered', () => {
    expect(all.length).toBeGreaterThan(10_000);
    expect(all.filter((it) => it.reasons.length === 0)).toEqual([]);
    const reached = new Set(all.map(nameOf));
    expect([...methods, ...refusals].map(({ name }) => name).filter((name) => !reached.has(name))).toEqual([]);
    const given = new Set(all.flatMap((it) => it.reasons));
    expect(Object.keys(reasons).filter((reason) => ![...given].some((it) => it === reason))).toEqual([]);
  });

  test('lead to the same when they are answered in a file', () => {
    for (const it of all.filter((_, index) => index % 50 === 0)) {
      const again = conclude(it.answers);
      expect({ name: nameOf(again), reasons: again.reasons }).toEqual({ name: nameOf(it), reasons: it.reasons });
    }
  });

  test('never lead to what loses something where nothing may be lost', () => {
    const chosen = where(({ loss }) => loss === 'nothing');
    expect(chosen).toContain('raft');
    expect(chosen.filter((name) => /single-node|async|pass-through|^two-phase-commit$/.test(name))).toEqual([]);
  });

  test('never lead to what waits for a person or a process where it must not stop', () => {
    const chosen = where(({ downtime }) => downtime === 'seconds');
    expect(chosen).toContain('failover-durable-hot');
    expect(chosen.filter((name) => /single-node|cold|warm|^two-phase-commit$|sync$/.test(name))).toEqual([
      'primary-backup-async',
    ]);
  });

  test('never lead to what outlives a machine where there is one', () => {
    expect(where(({ machines }) => machines === 1).toSorted()).toEqual(
      [
        'single-node',
        'two-phase-commit',
        'one-machine-stops',
        'one-disk',
        'databases-of-others',
        'nothing-to-add',
        'locks-of-others',
      ].toSorted(),
    );
  });

  test('never let databases of others wait for one machine', () => {
    const chosen = where(({ owners, databases }) => owners === 'others' && databases === 'several');
    expect(chosen.toSorted()).toEqual(
      ['decision-register', 'locks-of-others', 'one-machine-stops', 'paxos-commit', 'two-machines'].toSorted(),
    );
  });
});

describe('an answer', () => {
  test('that decides changes the recommendation', () => {
    const chosen = (changed: Answers): string => nameOf(conclude({ ...three, ...changed }));
    expect(chosen({})).toBe('raft');
    expect(chosen({ machines: 5 })).toBe('multi-paxos');
    expect(chosen({ downtime: 'days' })).toBe('primary-backup-sync');
    expect(chosen({ loss: 'last-writes', distance: 'continents' })).toBe('primary-backup-async');
    expect(chosen({ databases: 'one', owners: 'ours' })).toBe('failover-durable-hot');
    expect(chosen({ databases: 'one', owners: 'ours', downtime: 'minutes' })).toBe('failover-durable-cold');
    expect(chosen({ databases: 'several', owners: 'ours' })).toBe('decision-register');
    expect(chosen({ databases: 'several', owners: 'ours', retries: 'no' })).toBe('paxos-commit');
    expect(chosen({ machines: 2, zones: 2 })).toBe('two-machines');
  });

  test('that is missing is asked for by name', () => {
    const { retries, ...rest } = three;
    expect(() => conclude(rest)).toThrow(/'retries' is not answered: .*Expected one of "yes", "no"/);
  });

  test('that contradicts another is refused', () => {
    expect(() => conclude({ ...three, zones: 4 })).toThrow(/no more zones than machines, got 4 zones of 3 machines/);
    expect(() => conclude({ ...three, owners: 'ours' })).toThrow(/owners: there is no database/);
    expect(() => conclude({ ...three, machines: 1 })).toThrow(/zones: there is one machine.*distance: there is one/);
  });
});

describe('a remark', () => {
  const on = (changed: Answers): string => remarksOn(conclude({ ...three, ...changed })).join(' ');

  test('says which zones and machines may be lost', () => {
    expect(on({})).toMatch(/while 1 of 3 machines is down. Spread evenly over 3 zones, it goes on without any one/);
    expect(on({ zones: 2 })).toMatch(/In 2 zones one holds a majority/);
    expect(on({ zones: 1 })).toMatch(/in one zone, and stop with it/);
    expect(on({ machines: 4 })).toMatch(/Of 4 voters no more may fail than of 3/);
    expect(on({ machines: 5 })).toMatch(/while 2 of 5 machines are down/);
  });

  test('says what a request without an answer means', () => {
    expect(on({})).toMatch(/Idempotency-Key/);
    expect(on({ retries: 'no' })).toMatch(/may have happened/);
  });
});

describe('a recommendation', () => {
  test.each(methods)('$name names a document that there is, and costs that are recorded', ({ document, costsOf }) => {
    expect(existsSync(join(root, document.replace(/#.*$/, '')))).toBe(true);
    const told = (recordedCosts[costsOf] ?? []).map(({ what }) => what);
    for (const what of [/a transfer takes/, /messages per transfer/, /again after a crash/, /a crash loses/]) {
      expect(told).toContainEqual(expect.stringMatching(what));
    }
  });

  test.each(methods.filter(({ start }) => start.file.endsWith('.json')))(
    '$name begins with a configuration that the command takes',
    ({ start }) => {
      const directory = mkdtempSync(join(tmpdir(), 'choose-'));
      try {
        const file = join(directory, start.file);
        writeFileSync(file, start.content);
        expect(readFailoverConfig(file).config.kind).toBe('redis');
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
});
