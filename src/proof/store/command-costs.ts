/**
 * What a command costs a log of three servers that nothing befalls, over each protocol: the messages that its servers send
 * each other, and the writes that are waited for. Commands come one at a time, so that no two share a message or a flush;
 * what servers say while there are none is counted apart.
 */

import { type Address, nodeOf, partsOf } from '../../../statecharts/actor.ts';
import { run } from '../../simulator/run.ts';
import { nodeIds, type PlannedOperation } from '../../simulator/schedule.ts';
import type { ProvenLog } from '../logs.ts';
import { table } from '../tables.ts';
import type { KeyOperation } from './operation.ts';

/** What one log costs. */
export interface CommandCosts {
  readonly messagesPerCommand: number;
  readonly writesPerCommand: number;
  readonly messagesPerIdleSecond: number;
}

const nodes = nodeIds(3);
/** By then a leader has been elected. */
const settledMs = 3_000;
const idleMs = 10_000;
const commands = 100;
/** Far longer than a command takes. */
const everyMs = 100;

/** Whether an actor keeps the log of the store, or that of its configuration. */
const keepsLogs = (actor: Address): boolean => /\.(server|replica)$/.test(partsOf(actor).name);

/** Counts on virtual time; the same each time. @throws Error when a command fails */
export function measureCommands({ scenario }: Pick<ProvenLog, 'scenario'>): CommandCosts {
  const beginMs = settledMs + idleMs;
  const endMs = beginMs + commands * everyMs;
  const operations = Array.from({ length: commands }, (_, index): PlannedOperation => {
    const operation: KeyOperation = { f: 'put', key: 'k', value: index };
    return { client: 1, atMs: beginMs + index * everyMs, node: 'n1', operation };
  });
  const idle = { messages: 0, writes: 0 };
  const busy = { messages: 0, writes: 0 };
  let succeeded = 0;
  const store = scenario();
  const { violation } = run(
    {
      ...store,
      watch: () => ({
        booted: ({ app }) =>
          void app?.node.inspection.subscribe((event) => {
            if (event.type !== 'step' || !keepsLogs(event.actor)) return;
            if (event.atMs < settledMs || event.atMs >= endMs) return;
            const count = event.atMs < beginMs ? idle : busy;
            const own = nodeOf(event.actor);
            count.messages += event.effects.filter((it) => it.type === 'send' && nodeOf(it.to) !== own).length;
            if (event.effects.some((it) => it.type === 'persist' && it.unforced !== true)) count.writes += 1;
          }),
        ended(operation, { type }) {
          if (operations.includes(operation) && type === 'ok') succeeded += 1;
        },
        check: () => undefined,
        goals: () => [],
      }),
    },
    {
      version: 1,
      scenario: store.name,
      seed: 1,
      nodes: nodes.length,
      faultyMs: endMs,
      recoveryMs: 10_000,
      quorum: nodes,
      faults: [],
      operations,
      links: {},
      delayMs: 1,
    },
  );
  if (violation !== undefined) throw new Error(`${violation.kind}: ${violation.problem}`);
  if (succeeded !== commands) throw new Error(`${succeeded} of ${commands} commands succeeded`);
  const busyMs = commands * everyMs;
  const perCommand = (count: number, whileIdle: number): number => (count - (whileIdle * busyMs) / idleMs) / commands;
  return {
    messagesPerCommand: perCommand(busy.messages, idle.messages),
    writesPerCommand: perCommand(busy.writes, idle.writes),
    messagesPerIdleSecond: idle.messages / (idleMs / 1_000),
  };
}

/** The table of the docs. */
export function commandCostsTable(logs: readonly ProvenLog[]): string {
  const rows = logs.map((log) => {
    const costs = measureCommands(log);
    const numbers = [costs.messagesPerCommand, costs.writesPerCommand, costs.messagesPerIdleSecond];
    return [log.title, ...numbers.map((number) => number.toFixed(1))];
  });
  return table(['protocol', 'messages per command', 'flushes per command', 'messages per second without'], rows, 1);
}
