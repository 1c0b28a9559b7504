/** Many watchers of one cluster. */

import { expect, test } from 'vitest';
import { createCluster, type Member } from './cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('1,000 watchers of four clients are told each change once and in order, also when the node of most of them crashes', async () => {
  const cluster = createCluster();
  cluster.elect();
  const clients = Array.from({ length: 4 }, () => cluster.client());
  const client = cluster.client();
  const from = await cluster.value(client.revision());
  const told: string[][] = [];
  let count = 0;
  for (let number = 0; number < 1_000; number += 1) {
    const values: string[] = [];
    told.push(values);
    clients[number % clients.length]?.watch({ prefix: `${number % 10}/` }, { after: from }).subscribe(({ changes }) => {
      for (const { value } of changes) values.push(new TextDecoder().decode(value ?? bytes('deleted')));
      count += changes.length;
    });
  }
  const putAll = async (round: number): Promise<void> => {
    for (let prefix = 0; prefix < 10; prefix += 1) {
      await cluster.value(client.put(`${prefix}/a`, bytes(`${round}`), { deadlineMs: 30_000 }));
    }
  };
  await putAll(1);
  await cluster.until(() => count === 1_000);
  const waiting = ({ store }: Member): number => store.status().waiting;
  // Those of one client that follow the same keys are one question: five prefixes of each.
  await cluster.until(() => cluster.members().reduce((sum, member) => sum + waiting(member), 0) === 20);
  const [busiest] = [...cluster.members()].sort((one, other) => waiting(other) - waiting(one));
  cluster.crash(busiest?.id ?? '');
  await putAll(2);
  await putAll(3);
  await cluster.until(() => count >= 3_000);
  expect(new Set(told.map((values) => values.join()))).toEqual(new Set(['1,2,3']));
});
