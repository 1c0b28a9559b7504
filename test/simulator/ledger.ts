/**
 * A small protocol for the simulator's own tests: one server writes numbers down and acknowledges them. Its broken twin
 * acknowledges before the number is durable, and a crash at the right moment shows it.
 */

import * as v from 'valibot';
import { setup } from 'xstate';
import { createNode, type Node } from '../../src/host/node.ts';
import type { Application, OperationEnd, Scenario } from '../../src/simulator/scenario.ts';
import {
  type Address,
  addressOf,
  type Delivered,
  defineActor,
  deliver,
  deliverAhead,
  type Effect,
  message,
  persist,
  recordsOf,
  rulesOf,
} from '../../statecharts/actor.ts';

interface Context {
  readonly kept: readonly number[];
}
type Event = Delivered<{ readonly type: 'keep'; readonly value: number }>;
const { bind } = rulesOf<Context, Event, Effect>();
const value = v.object({ value: v.number() });

/** @param acknowledgesEarly the bug */
export function defineLedger(acknowledgesEarly: boolean) {
  const chart = setup({
    types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as Context },
    ...bind({
      keep: ({ kept }, { value: number }: { value: number }) => ({
        context: { kept: [...kept, number] },
        effects: [
          persist({ type: 'kept', ...{ value: number } }),
          (acknowledgesEarly ? deliverAhead : deliver)({ type: 'acknowledged', ...{ value: number } }),
        ],
      }),
    }),
  }).createMachine({
    id: 'ledger',
    context: ({ input }) => input,
    on: { keep: { actions: { type: 'keep', params: message } } },
  });
  return defineActor({
    name: 'test.ledger',
    chart,
    requests: { keep: value },
    records: recordsOf({
      version: 1,
      types: { kept: value },
      start: { kept: [] as readonly number[] },
      step: ({ kept }, record) => ({ kept: [...kept, record.value] }),
    }),
    input: (recovered) => recovered,
  });
}

export interface LedgerApplication extends Application {
  readonly node: Node;
  readonly address: Address;
  keep(value: number, done: () => void): void;
}

/** Clients keep numbers; whatever was acknowledged must be there whenever the machine is up. */
export function ledgerScenario(acknowledgesEarly = false): Scenario<LedgerApplication> {
  const ledger = defineLedger(acknowledgesEarly);
  const numberIn = (operation: unknown): number => v.parse(v.number(), operation);
  return {
    name: 'ledger',
    minNodes: 1,
    goals: ['a number was kept', 'a machine came back with numbers'],
    plan: (machines, durationMs, random) =>
      Array.from({ length: 30 }, (_, index) => ({
        client: index % 3,
        atMs: Math.round(random.next() * durationMs),
        node: machines[index % machines.length] ?? '',
        operation: index,
      })),
    probe: (machine, atMs) => ({ client: -1, atMs, node: machine, operation: 1_000 }),
    boot({ id, bus, journal, environment }) {
      const node = createNode({ id, bus, journal, environment });
      const handle = node.start(ledger, { input: undefined });
      const waiting = new Map<number, () => void>();
      handle.on('*', (output) => {
        if ('value' in output && typeof output.value === 'number') waiting.get(output.value)?.();
      });
      return {
        node,
        address: addressOf(id, ledger.name),
        keep(number, done) {
          waiting.set(number, done);
          handle.send({ type: 'keep', value: number });
        },
      };
    },
    perform: (app, { operation }, done: (outcome: OperationEnd) => void) =>
      app.keep(numberIn(operation), () => done({ type: 'ok', value: operation })),
    watch() {
      const acknowledged = new Map<string, number[]>();
      const reached = new Set<string>();
      return {
        ended({ node, operation }, { type }) {
          if (type !== 'ok') return;
          reached.add('a number was kept');
          acknowledged.set(node, [...(acknowledged.get(node) ?? []), numberIn(operation)]);
        },
        check({ machines }) {
          for (const { id, app, incarnation } of machines) {
            const context: Context | undefined = app?.node.peek(app.address)?.state.snapshot.context;
            if (context === undefined) continue;
            if (incarnation > 1 && context.kept.length > 0) reached.add('a machine came back with numbers');
            const lost = acknowledged.get(id)?.find((number) => !context.kept.includes(number));
            if (lost !== undefined) return `${id} acknowledged ${lost} and lost it`;
          }
          return undefined;
        },
        goals: () => reached,
      };
    },
  };
}
