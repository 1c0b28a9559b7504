/** A cluster grows by a node and shrinks again, one change after the other, for every log whose members may change. */

import { describe, expect, test } from 'vitest';
import { logProtocols } from '../../../src/services/store/log/protocols.ts';
import { replacingLogs } from '../../fixtures/replacing-logs.ts';
import { createCluster } from './cluster.ts';

const founders = ['n1', 'n2', 'n3'];
const place = '127.0.0.1:4004';
const value = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(replacingLogs)('%s', (protocol) => {
  const started = async () => {
    const cluster = createCluster({
      nodes: [...founders, 'n4'],
      log: (_nodes, id) => logProtocols[protocol].start({ voters: founders, joins: id === 'n4' }),
    });
    await cluster.until(() => cluster.members().some(({ store }) => store.status().role === 'leader'));
    return { cluster, client: cluster.client({ reaches: founders }) };
  };

  test('a node is added, learns, votes and is removed, and each change may be asked for again', async () => {
    const { cluster, client } = await started();
    await cluster.value(client.put('k', value('before')));
    const add = { kind: 'add', node: 'n4', place } as const;
    const learning = { voters: founders, learners: ['n4'], places: { n4: place }, isSettled: true };
    expect(await cluster.value(client.changeMember(add))).toMatchObject(learning);
    expect(await cluster.value(client.changeMember(add))).toMatchObject(learning);
    await cluster.until(() => cluster.members().some(({ id, store }) => id === 'n4' && store.status().commitIndex > 1));
    const promote = { kind: 'promote', node: 'n4' } as const;
    const four = { voters: [...founders, 'n4'], learners: [], isSettled: true };
    expect(await cluster.value(client.changeMember(promote))).toMatchObject(four);
    expect(await cluster.value(client.changeMember(promote))).toMatchObject(four);
    const leaving = founders.find((id) => id !== cluster.leader().id) ?? '';
    const remove = { kind: 'remove', node: leaving } as const;
    const remaining = { voters: four.voters.filter((id) => id !== leaving), retired: [leaving], isSettled: true };
    expect(await cluster.value(client.changeMember(remove))).toMatchObject(remaining);
    expect(await cluster.value(client.changeMember(remove))).toMatchObject(remaining);
    expect(await cluster.value(cluster.leader().keys.get('k'))).toMatchObject({ value: value('before') });
  });

  test('a node that does not answer gets no vote, and the refusal says how much it lacks', async () => {
    const { cluster, client } = await started();
    cluster.crash('n4');
    await cluster.value(client.put('k', value('before')));
    await cluster.value(client.changeMember({ kind: 'add', node: 'n4', place }));
    const refused = await cluster.value(
      client.changeMember({ kind: 'promote', node: 'n4' }).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    expect(refused).toMatchObject({ code: 'MEMBERS_UNCHANGED', reason: 'learner-behind' });
    expect(refused).toHaveProperty('message', expect.stringMatching(/lacks [1-9]\d* entries/));
    const { voters } = await cluster.value(client.members());
    expect(voters).toEqual(founders);
  });

  test('a node is told to be elsewhere, and what makes no sense changes nothing', async () => {
    const { cluster, client } = await started();
    const move = { kind: 'move', node: 'n2', place: '127.0.0.1:4102' } as const;
    expect(await cluster.value(client.changeMember(move))).toMatchObject({ places: { n2: '127.0.0.1:4102' } });
    for (const [step, reason] of [
      [{ kind: 'remove', node: 'n9' }, 'not-a-member'],
      [{ kind: 'promote', node: 'n4' }, 'not-a-learner'],
      [{ kind: 'add', node: 'n3', place }, 'already-a-member'],
    ] as const) {
      await cluster.value(
        expect(client.changeMember(step)).rejects.toMatchObject({ code: 'MEMBERS_UNCHANGED', reason }),
      );
    }
    expect(await cluster.value(client.members())).toMatchObject({ voters: founders, retired: [], isSettled: true });
  });
});
