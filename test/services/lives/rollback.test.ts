import { afterEach, describe, expect, test } from 'vitest';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { createLab } from './lab.ts';

type Lab = ReturnType<typeof createLab>;
const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

describe.each(logProtocolNames)('over %s,', (protocol) => {
  function started(options?: Parameters<typeof createLab>[0]): Lab {
    const lab = createLab({ protocol, ...options });
    labs.push(lab);
    for (const id of ['n1', 'n2', 'n3']) lab.start(id);
    lab.run(3_000);
    return lab;
  }

  /** A write that n1 and n2 have acknowledged, and n3 has not heard of; then n2 is as it was before, and n1 is down. */
  async function rolledBack(lab: Lab, { isCopy = false, metSince = true } = {}) {
    expect(await lab.put('n1', 'key', 'old')).toBe('ok');
    const copy = lab.disk('n2').copy();
    if (metSince) {
      // Everybody hears this one, and so n3 meets n2 with a longer journal.
      expect(await lab.put('n1', 'other', 'met')).toBe('ok');
      lab.run(1_000);
    }
    lab.cut('n3');
    expect(await lab.put('n1', 'key', 'new')).toBe('ok');
    await lab.stop('n1');
    await lab.stop('n2');
    lab.disk('n2').restore(copy);
    lab.cut();
    return lab.start('n2', { isCopy });
  }

  describe('a node whose disk was rolled back, started with one that has met it since while the third is down', () => {
    test('loses an acknowledged write without a witness', async () => {
      const lab = started({ isWitnessed: false });
      await rolledBack(lab);
      lab.run(5_000);
      expect(await lab.get('n3', 'key')).toBe('old');
    });

    test('neither votes nor acknowledges, so that nothing acknowledged is lost', async () => {
      const lab = started();
      const n2 = await rolledBack(lab);
      lab.run(5_000);
      expect(lab.leader()).toBeUndefined();
      expect(await lab.get('n3', 'key')).toBe('UNAVAILABLE');
      expect(n2.witness.standing.now).toMatchObject({ isSuspended: true });
      expect(n2.witness.standing.now.refusedBy).toEqual({ n3: expect.stringMatching(/shorter-journal/) });
      expect(n2.failures).toEqual([]);
      // The third comes back: it has the write, and a majority says that this journal is not what it was.
      lab.start('n1');
      lab.run(5_000);
      expect(n2.failures).toEqual(['JOURNAL_ROLLED_BACK']);
      expect(await lab.get('n3', 'key')).toBe('new');
    });

    test('stays suspended when it is started again and again, and nobody is there to say so', async () => {
      const lab = started();
      await rolledBack(lab);
      lab.run(1_000);
      for (let round = 0; round < 20; round += 1) {
        await lab.stop('n2');
        lab.cut('n2');
        const n2 = lab.start('n2');
        lab.run(100);
        expect(n2.witness.standing.now.isSuspended).toBe(true);
      }
      lab.cut();
      lab.run(5_000);
      expect(lab.leader()).toBeUndefined();
    });
  });

  describe('a copy of a directory', () => {
    test('neither votes nor acknowledges before every other voter has vouched for it, though nobody has met it since', async () => {
      const lab = started();
      const n2 = await rolledBack(lab, { isCopy: true, metSince: false });
      lab.run(5_000);
      expect(lab.leader()).toBeUndefined();
      expect(n2.witness.standing.now).toMatchObject({ isSuspended: true, awaiting: expect.arrayContaining(['n1']) });
      lab.start('n1');
      lab.run(5_000);
      expect(await lab.get('n3', 'key')).toBe('new');
      expect(n2.witness.standing.now.isSuspended).toBe(true);
    });

    test('that is as new as its last run takes part once all have vouched', async () => {
      const lab = started();
      expect(await lab.put('n1', 'key', 'value')).toBe('ok');
      await lab.stop('n2');
      const n2 = lab.start('n2', { isCopy: true });
      lab.run(2_000);
      expect(n2.witness.standing.now).toEqual({ isSuspended: false, refusedBy: {}, awaiting: [] });
      expect(await lab.put('n2', 'key', 'again')).toBe('ok');
    });

    test('that runs beside the original is refused: two lives have one number', async () => {
      const lab = started();
      await lab.stop('n2');
      const copy = lab.disk('n2').copy();
      lab.start('n2');
      lab.run(1_000);
      await lab.stop('n2');
      lab.disk('n2').restore(copy);
      const n2 = lab.start('n2');
      lab.run(2_000);
      expect(Object.values(n2.witness.standing.now.refusedBy).join()).toMatch(/other-life/);
      expect(n2.failures).toEqual(['JOURNAL_ROLLED_BACK']);
    });
  });

  describe('nodes that only come and go', () => {
    test('are never refused, and a majority goes on while they are away', async () => {
      const lab = started();
      for (const id of ['n1', 'n2', 'n3', 'n1', 'n3']) {
        await lab.stop(id);
        const [other = ''] = ['n1', 'n2', 'n3'].filter((it) => it !== id);
        expect(await lab.put(other, 'key', id)).toBe('ok');
        lab.start(id);
        lab.run(1_500);
      }
      for (const id of ['n1', 'n2', 'n3']) {
        expect(lab.machine(id).witness.standing.now).toEqual({ isSuspended: false, refusedBy: {}, awaiting: [] });
        expect(await lab.get(id, 'key')).toBe('n3');
      }
    });

    test('write nothing while nothing happens', async () => {
      const lab = started();
      expect(await lab.put('n1', 'key', 'value')).toBe('ok');
      lab.run(5_000);
      const before = ['n1', 'n2', 'n3'].map((id) => lab.machine(id).node.journal.position);
      lab.run(60_000);
      expect(['n1', 'n2', 'n3'].map((id) => lab.machine(id).node.journal.position)).toEqual(before);
    });
  });
});
