import { describe, expect, test } from 'vitest';
import { createActor, sendTo, setup } from 'xstate';
import { lockOf } from '../../examples/lock.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { following, type HandleOf } from '../../src/host/handle.ts';
import { createNode, type Node } from '../../src/host/node.ts';
import { createMemoryStorage, type MemoryStorage } from '../../src/journal/memory.ts';
import { createVirtualClock, type VirtualClock } from '../../src/simulator/virtual-clock.ts';

const lock = lockOf(false);

interface Running {
  readonly clock: VirtualClock;
  readonly node: Node;
  readonly storage: MemoryStorage;
  readonly handle: HandleOf<typeof lock>;
}

function startLock(): Running {
  const clock = createVirtualClock();
  const randomness = seededRandomness(1);
  const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const storage = createMemoryStorage({ node: 'n1', flushDelayMs: 5, ...environment });
  const bus = createMemoryNetwork({ clock }).join('n1');
  const node = createNode({ id: 'n1', bus, journal: storage.open(), environment });
  return { clock, node, storage, handle: node.start(lock, { input: undefined }) };
}

/** An application's machine that knows of the lock only what its invocation tells. */
function startApplication({ handle, clock }: Running) {
  const machine = setup({
    types: { context: {} as Record<string, never>, events: {} as { type: 'want' } | { type: 'leave' } },
    actors: { lock: following(handle) },
    actions: { ask: sendTo('lock', { type: 'acquire', client: 'app' }) },
    guards: { isHeld: (_, { held }: { held: boolean }) => held },
  }).createMachine({
    context: {},
    initial: 'following',
    states: {
      following: {
        invoke: {
          src: 'lock',
          id: 'lock',
          onSnapshot: {
            guard: { type: 'isHeld', params: ({ event }) => ({ held: event.snapshot.matches('held') }) },
            target: '.held',
          },
          onDone: 'ended',
          onError: 'failed',
        },
        on: { leave: 'left' },
        initial: 'waiting',
        states: { waiting: { on: { want: { actions: 'ask' } } }, held: {} },
      },
      left: {},
      ended: {},
      failed: {},
    },
  });
  return createActor(machine, { clock }).start();
}

const value = (application: ReturnType<typeof startApplication>): unknown => application.getSnapshot().value;

describe('an application that invokes a running actor', () => {
  test('sends it requests, and sees its state once the records before it are durable', () => {
    const running = startLock();
    const application = startApplication(running);
    running.clock.advance(0);
    application.send({ type: 'want' });
    running.clock.advance(4);
    expect(value(application)).toEqual({ following: 'waiting' });
    running.clock.advance(1);
    expect(value(application)).toEqual({ following: 'held' });
  });

  test('leaves it running when it goes its way', () => {
    const running = startLock();
    const application = startApplication(running);
    application.send({ type: 'leave' });
    expect(value(application)).toBe('left');
    running.handle.send({ type: 'acquire', client: 'another' });
    running.clock.advance(10);
    expect(running.handle.getSnapshot().matches('held')).toBe(true);
  });

  test('is told that it is over when the node stops', () => {
    const running = startLock();
    const application = startApplication(running);
    void running.node.stop();
    expect(value(application)).toBe('ended');
  });

  test('is told of a failure as an error', () => {
    const running = startLock();
    const application = startApplication(running);
    running.clock.advance(0);
    running.storage.fail(new Error('no disk'));
    application.send({ type: 'want' });
    running.clock.advance(10);
    expect(value(application)).toBe('failed');
  });

  test('is told at once when it was over before', () => {
    const running = startLock();
    void running.node.stop();
    expect(value(startApplication(running))).toBe('ended');
  });
});
