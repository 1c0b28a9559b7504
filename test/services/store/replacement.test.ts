/** A node was replaced while another one was away, which comes back when the leader of that time is gone. */

import { expect, test } from 'vitest';
import { logProtocols } from '../../../src/services/store/log/protocols.ts';
import { replacingLogs } from '../../fixtures/replacing-logs.ts';
import { createCluster } from './cluster.ts';

const founders = ['n1', 'n2', 'n3'];
const value = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each(replacingLogs)(
  '%s: a newcomer and a node that missed its coming go on without the leader that took it in',
  async (protocol) => {
    const cluster = createCluster({
      nodes: [...founders, 'n4'],
      log: (_nodes, id) => logProtocols[protocol].start({ voters: founders, joins: id === 'n4' }),
    });
    await cluster.until(() => cluster.members().some(({ store }) => store.status().role === 'leader'));
    const leader = cluster.leader();
    const [away = '', leaving = ''] = founders.filter((id) => id !== leader.id);
    await cluster.value(leader.keys.put('k', value('before')));
    cluster.crash(away);
    const client = cluster.client({ reaches: [leader.id] });
    await cluster.value(client.replaceMember({ leaving, joining: 'n4', place: '127.0.0.1:4004' }));
    cluster.crash(leaving);
    cluster.crash(leader.id);
    cluster.restart(away);
    await cluster.until(() => cluster.members().some(({ store }) => store.status().role === 'leader'));
    expect(await cluster.value(cluster.leader().keys.get('k'))).toMatchObject({ value: value('before') });
  },
);
