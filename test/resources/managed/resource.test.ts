import { describe, expect, test } from 'vitest';
import { memoryGroup } from '../../../src/resources/managed/memory.ts';
import { resourceOf } from '../../../src/resources/managed/resource.ts';
import type { ManagedServer } from '../../../src/resources/managed/server.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import type { Result } from '../../../statecharts/actor.ts';
import type { ServerOperation } from '../../../statecharts/failover/servers.ts';

const deadlineMs = 1_000;

/** Lets happen what can without time passing: promises, and turns of the clock's queue. */
async function settle(clock: VirtualClock): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(0);
  }
}

function reached(wrap: (server: ManagedServer) => ManagedServer = (server) => server) {
  const clock = createVirtualClock();
  const group = memoryGroup({ servers: ['r1', 'r2'], clock });
  const resource = resourceOf(wrap(group.reach('r1', 'm1')), { clock });
  const ask = (
    operation: ServerOperation | { readonly type: 'probe' | 'dance' },
  ): { readonly result: Result | undefined } => {
    const asked: { result: Result | undefined } = { result: undefined };
    resource.perform({ id: 'x', operation, deadlineMs }, (result) => {
      asked.result = result;
    });
    return asked;
  };
  return { clock, group, ask };
}

describe('a managed server as a resource', () => {
  test('answers operations by where the server stands', async () => {
    const { clock, ask } = reached();
    const claimed = ask({ type: 'claim', term: 1 });
    await settle(clock);
    expect(claimed.result).toMatchObject({ type: 'done', value: { role: 'fenced', follows: null } });
  });

  test('says of what the server refused that it did not happen', async () => {
    const { clock, ask } = reached();
    const fenced = ask({ type: 'fence', term: 1, epoch: 1 });
    await settle(clock);
    expect(fenced.result).toMatchObject({ type: 'refused', error: expect.stringContaining('CLAIM_LOST') });
  });

  test('leaves open what a server has done that does not answer, before the asker gives up', async () => {
    const { clock, group, ask } = reached();
    group.pause('r1');
    const asked = ask({ type: 'look' });
    await settle(clock);
    clock.advance(deadlineMs * 0.9);
    await settle(clock);
    expect(asked.result?.type).toBe('unknown');
  });

  test('begins no operation before the one before it is over, and probes meanwhile', async () => {
    const begun: string[] = [];
    let finish = (): void => undefined;
    const { clock, group, ask } = reached((server) => ({
      close: () => server.close(),
      probe: (timeoutMs) => server.probe(timeoutMs),
      operate: async ({ type }) => {
        begun.push(type);
        if (type === 'fence') {
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
        }
        return group.status('r1');
      },
    }));
    ask({ type: 'fence', term: 1, epoch: 1 });
    const looked = ask({ type: 'look' });
    const probed = ask({ type: 'probe' });
    await settle(clock);
    expect(begun).toEqual(['fence']);
    expect(probed.result).toEqual({ type: 'done', value: 'answers' });
    finish();
    await settle(clock);
    expect(begun).toEqual(['fence', 'look']);
    expect(looked.result?.type).toBe('done');
  });

  test('does not operate while one that never ends is before it', async () => {
    const begun: string[] = [];
    const { clock, ask } = reached((server) => ({
      close: () => server.close(),
      probe: (timeoutMs) => server.probe(timeoutMs),
      operate: ({ type }) => {
        begun.push(type);
        return new Promise(() => undefined);
      },
    }));
    ask({ type: 'fence', term: 1, epoch: 1 });
    const [second, third] = [ask({ type: 'look' }), ask({ type: 'look' })];
    await settle(clock);
    clock.advance(deadlineMs);
    await settle(clock);
    expect([second.result?.type, third.result?.type]).toEqual(['unknown', 'unknown']);
    expect(begun).toEqual(['fence']);
  });

  test('refuses what is no operation of a server', async () => {
    const { clock, ask } = reached();
    const asked = ask({ type: 'dance' });
    await settle(clock);
    expect(asked.result?.type).toBe('refused');
  });
});
