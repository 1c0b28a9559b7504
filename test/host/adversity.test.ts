import { EMPTY } from 'rxjs';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { setup } from 'xstate';
import type { Bus } from '../../src/bus/bus.ts';
import { EnvelopeTooLargeError } from '../../src/bus/errors.ts';
import type { InspectionEvent } from '../../src/host/inspection.ts';
import type { Node } from '../../src/host/node.ts';
import { JournalClosedError } from '../../src/journal/errors.ts';
import { type Address, type Delivered, defineActor, deliver, type Effect, rulesOf } from '../../statecharts/actor.ts';
import { add, address, bench, outputsOf } from './bench.ts';
import { counter } from './counter.ts';
import { createManualJournal } from './manual-journal.ts';

const seenBy = (node: Node): InspectionEvent[] => {
  const seen: InspectionEvent[] = [];
  node.inspection.subscribe((event) => seen.push(event));
  return seen;
};
const reasonsIn = (seen: readonly InspectionEvent[]): string[] =>
  seen.flatMap((event) => (event.type === 'refused' ? event.reason : []));
const recordOf = (amount: number) => ({ version: 1, record: add(amount) }) as const;
const added = (amount: number) => ({ version: 1, record: { type: 'added', ...{ amount } } });

// RxJS and XState throw what an observer or a callback throws from a global timer: here they would be seen.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  const escaped = vi.getTimerCount();
  vi.useRealTimers();
  expect(escaped).toBe(0);
});

describe('a first message', () => {
  test('that is malformed is refused, and nobody is born', () => {
    const { node, settle, peer } = bench();
    const { node: n1 } = node('n1', { definitions: [counter] });
    const seen = seenBy(n1);
    peer('n2').say(address, { type: 'add' });
    settle();
    expect(reasonsIn(seen)[0]).toMatch(/malformed at amount/);
    expect(n1.actors()).toEqual([]);
  });

  test('is refused, and its sender told, when the node has as many actors as it may', () => {
    const { node, settle, peer } = bench();
    const { node: n1 } = node('n1', { definitions: [counter], limits: { actors: 1 } });
    const seen = seenBy(n1);
    const n2 = peer('n2');
    const losses: unknown[] = [];
    n2.bus.losses.subscribe((loss) => losses.push(loss));
    n2.say('n1/test.counter/a', add(1));
    n2.say('n1/test.counter/b', add(1));
    settle();
    expect(n1.actors()).toEqual(['n1/test.counter/a']);
    expect(reasonsIn(seen)[0]).toMatch(/at most 1 actors/);
    expect(losses).toMatchObject([{ address: 'n1/test.counter/b', reason: 'absent' }]);
  });

  test('never starts an actor without the records that it has, though they cannot be read', () => {
    const { node, settle, peer } = bench();
    const journal = createManualJournal('n1', new Map([[address, [{ ...recordOf(1), version: 2 }]]]));
    const { node: n1 } = node('n1', {
      definitions: [{ ...counter, bornOfRecords: () => undefined }],
      journal,
    });
    const n2 = peer('n2');
    n2.say(address, add(1));
    n2.say(address, add(1));
    settle();
    expect(n1.actors()).toEqual([]);
    expect(() => n1.start(counter, { input: {} })).toThrow(/version 2/);
    expect(() => n1.start(counter, { input: {} })).toThrow(/version 2/);
  });
});

describe('an actor that failed', () => {
  test('is not started again without its records: only a new node reads them', () => {
    const { node, settle, peer } = bench();
    const journal = createManualJournal('n1', new Map([[address, [added(7)]]]));
    const { node: n1 } = node('n1', { definitions: [counter], journal });
    settle();
    n1.request(address, { type: 'misbehave' });
    settle();
    expect(n1.actors()).toEqual([]);
    const seen = seenBy(n1);
    peer('n2').say(address, add(1));
    settle();
    expect(n1.actors()).toEqual([]);
    expect(reasonsIn(seen)).toHaveLength(1);
    expect(() => n1.start(counter, { input: {} })).toThrow(/failed/);
  });

  test('throws nothing at an application that follows its snapshots alone', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const values: unknown[] = [];
    handle.subscribe((snapshot) => values.push(snapshot.value));
    handle.subscribe({ next: (snapshot) => values.push(snapshot.value) });
    settle();
    handle.send({ type: 'misbehave' });
    settle();
    expect(handle.getSnapshot().status).toBe('error');
  });
});

describe('an actor that reaches its final state', () => {
  const { bind } = rulesOf<Record<string, never>, Delivered<{ type: 'finish' }>, Effect>();
  const chart = setup({
    types: { context: {} as Record<string, never>, events: {} as Delivered<{ type: 'finish' }>, emitted: {} as Effect },
    ...bind({ answer: () => ({ effects: [deliver({ type: 'answer' })] }) }),
  }).createMachine({
    id: 'finisher',
    context: {},
    initial: 'open',
    states: { open: { on: { finish: { target: 'closed', actions: 'answer' } } }, closed: { type: 'final' } },
  });
  const finisher = defineActor({ name: 'test.finisher', chart, requests: { finish: v.object({}) }, input: () => ({}) });

  test.each(['the handle', 'the node'])('delivers its last output, and shows it, when asked through %s', (way) => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1');
    const handle = n1.start(finisher, { input: undefined });
    const outputs = outputsOf(handle);
    const statuses: string[] = [];
    handle.subscribe(({ status }) => statuses.push(status));
    settle();
    if (way === 'the handle') handle.send({ type: 'finish' });
    else n1.request('n1/test.finisher/', { type: 'finish' });
    settle();
    expect(outputs).toEqual([{ type: 'answer' }]);
    expect(statuses.at(-1)).toBe('done');
    expect(handle.getSnapshot().status).toBe('done');
  });
});

describe('an observer', () => {
  test('that asks for more while a handle is busy sees each output with the state that it belongs to', () => {
    const { node, settle } = bench();
    const { node: n1 } = node('n1');
    const handle = n1.start(counter, { input: {}, delays: { pause: { minMs: 0, maxMs: 0 } } });
    const seen: unknown[] = [];
    handle.on('*', (output) => seen.push([output.type, handle.getSnapshot().value]));
    settle();
    handle.send({ type: 'tick' });
    settle();
    expect(seen).toEqual([['ticked', 'even']]);
  });

  test.each(['roles', 'snapshots', 'inspection'])('of %s that stops the node ends the step at hand', async (kind) => {
    const { node, settle, peer, clock } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const outputs = outputsOf(handle);
    settle();
    const stop = (): void => void n1.stop();
    const n2 = peer('n2');
    n2.say(address, add(1));
    settle();
    if (kind === 'roles') n1.roleChanges.subscribe(stop);
    if (kind === 'snapshots') handle.subscribe(stop);
    if (kind === 'inspection') n1.inspection.subscribe(stop);
    journal.flush();
    settle();
    expect(n1.isRunning).toBe(false);
    expect(outputs).toEqual([]);
    expect(n2.heard).toEqual([]);
    await n1.stop();
    expect(clock.nextAtMs()).toBeUndefined();
  });

  test('that stops the node as a step is reported leaves no timer behind', async () => {
    const { node, settle, clock } = bench();
    const { node: n1 } = node('n1');
    const handle = n1.start(counter, { input: {} });
    settle();
    n1.inspection.subscribe(() => void n1.stop());
    handle.send({ type: 'tick' });
    settle();
    await n1.stop();
    expect(clock.nextAtMs()).toBeUndefined();
  });

  test('of an end that stops the node does not hide that it has failed', () => {
    const { node, settle, peer } = bench();
    const { node: n1, journal } = node('n1');
    n1.start(counter, { input: {} });
    n1.open('service', '', {}).received.subscribe({ complete: () => void n1.stop() });
    const failures: string[] = [];
    n1.failure.subscribe(({ code }) => failures.push(code));
    peer('n2').say(address, add(1));
    settle();
    journal.fail(new Error('EIO'));
    expect(failures).toEqual(['NODE_FAILED']);
  });
});

describe('a timer', () => {
  test('that fell due while its node was busy does not outlive what disarmed it', () => {
    const { node, settle, clock } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const outputs = outputsOf(handle);
    const here = n1.open('service', '', {});
    settle();
    clock.setTimeout(() => journal.flush(), 50);
    n1.request(address, { type: 'tick' });
    handle.on('count', () => {
      for (let count = 0; count < 1_500; count += 1) here.send(address, { type: 'counted' });
      n1.request(address, { type: 'tick' });
    });
    here.send(address, add(2));
    clock.advance(50);
    clock.advance(49);
    expect(outputs.map(({ type }) => type)).toEqual(['count', 'noted']);
    clock.advance(1);
    expect(outputs.at(-1)).toEqual({ type: 'ticked' });
    clock.advance(100);
    expect(handle.getSnapshot().status).toBe('active');
  });
});

describe('a message that cannot be carried', () => {
  const stubborn = (bus: Bus): Bus => ({
    ...bus,
    send() {
      throw new EnvelopeTooLargeError('expected at most 10 bytes');
    },
  });

  test('is reported and told to its sender as dropped, and costs nothing else', () => {
    const { node, settle, peer, network } = bench();
    const { node: n1, journal } = node('n1', { bus: stubborn(network.join('n1')) });
    const handle = n1.start(counter, { input: {} });
    const outputs = outputsOf(handle);
    const service = n1.open('service', '', {});
    const seen = seenBy(n1);
    peer('n2').say(address, add(1));
    settle();
    journal.flush();
    settle();
    expect(outputs.map(({ type }) => type)).toEqual(['count', 'noted']);
    expect(reasonsIn(seen)).toEqual(['expected at most 10 bytes']);
    expect(handle.getSnapshot().context.unreachable).toEqual(['n2 dropped']);
    expect(() => service.send('n2/service/', { type: 'any' })).not.toThrow();
  });

  test('because nobody lives at its address, on the same node, is told to its sender as absent', () => {
    const { node, settle } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const service = n1.open('service', '', {});
    settle();
    service.send(address, add(1));
    service.close();
    settle();
    journal.flush();
    settle();
    expect(handle.getSnapshot().context.unreachable).toEqual(['n1 absent']);
  });
});

describe('a handle', () => {
  test('takes no request while too many bytes wait for the disk, and says so', () => {
    const { node, settle, peer, clock } = bench();
    const { node: n1 } = node('n1', { limits: { unflushedBytes: 1 } });
    const handle = n1.start(counter, { input: {} });
    const seen = seenBy(n1);
    const n2 = peer('n2');
    n2.say(address, add(1));
    n2.say(address, add(1));
    settle();
    handle.send({ type: 'tick' });
    settle();
    expect(reasonsIn(seen)[0]).toMatch(/bytes wait for the disk/);
    expect(clock.nextAtMs()).toBeUndefined();
  });
});

describe('a node whose journal fails', () => {
  test('stops for good, whoever appended, and before they hear of it', () => {
    const { node, settle } = bench();
    const { node: n1, journal } = node('n1');
    const handle = n1.start(counter, { input: {} });
    const failures: unknown[] = [];
    n1.failure.subscribe(({ cause }) => failures.push(cause));
    settle();
    const heard: (boolean | Error | undefined)[] = [];
    journal.append([{ actor: 'n1/service/', ...recordOf(1) }], (error) => heard.push(error, n1.isRunning));
    const error = new Error('EIO');
    journal.fail(error);
    expect(heard).toEqual([error, false]);
    expect(failures).toEqual([error]);
    expect(handle.getSnapshot().status).toBe('error');
  });

  test('is made and has failed, when the journal had failed before', () => {
    const { node } = bench();
    const journal = createManualJournal('n1', new Map([[address, [added(7)]]]));
    journal.fail(new Error('EIO'));
    const { node: n1 } = node('n1', { journal, definitions: [counter] });
    const failures: string[] = [];
    n1.failure.subscribe(({ code }) => failures.push(code));
    expect(failures).toEqual(['NODE_FAILED']);
    expect(n1.actors()).toEqual([]);
  });

  test('has failed when somebody else closes it, too', async () => {
    const { node } = bench();
    const { node: n1, journal } = node('n1');
    const failures: unknown[] = [];
    n1.failure.subscribe(({ cause }) => failures.push(cause));
    await journal.close();
    expect(failures).toEqual([expect.any(JournalClosedError)]);
  });
});

describe('a node that stops', () => {
  test('does not wait for ever for a disk that stalls', async () => {
    const { node, clock } = bench();
    const journal = { ...createManualJournal('n1'), close: () => new Promise<void>(() => {}) };
    const { node: n1 } = node('n1', { journal });
    const seen = seenBy(n1);
    const stopped = n1.stop();
    clock.advance(60_000);
    await stopped;
    expect(seen.at(-1)).toMatchObject({ type: 'failed', error: { code: 'NODE_FAILED' } });
  });

  test('lets go of everything though a resource refuses to close', async () => {
    const { node, network, clock } = bench();
    const refusing = {
      perform: () => {},
      close: (): Promise<void> => {
        throw new Error('busy');
      },
    };
    const { node: n1 } = node('n1', { resources: { refusing } });
    await n1.stop();
    expect(network.nodes()).toEqual([]);
    expect(clock.nextAtMs()).toBeUndefined();
  });

  test('that could not be made leaves nothing running', () => {
    const { node, network, clock, peer, settle } = bench();
    const b: Address = 'n1/test.counter/b';
    const journal = createManualJournal(
      'n1',
      new Map([
        ['n1/test.counter/a', [added(7)]],
        [b, [{ ...added(1), version: 2 }]],
      ]),
    );
    const bus = network.join('n1');
    let ended = 0;
    const watched = { ...bus, losses: EMPTY, envelopes: () => bus.envelopes() };
    expect(() =>
      node('n1', {
        bus: watched,
        definitions: [counter],
        journal,
        inspect: (it) => it.inspection.subscribe(() => (ended += 1)),
      }),
    ).toThrow(/version 2/);
    const before = ended;
    peer('n2').say('n1/test.counter/a', add(1));
    settle();
    expect(ended).toBe(before);
    expect(journal.waiting).toEqual([]);
    expect(clock.nextAtMs()).toBeUndefined();
  });
});
