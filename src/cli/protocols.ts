/** The protocols as the command line sees them: the list of them, and which twin is found by which means. */

import { type Command, InvalidArgumentError } from 'commander';
import type { Protocol, TwinDescription } from '../proof/protocol.ts';
import { protocols } from '../proof/protocols.ts';
import { UnknownTwinError } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** A means to find mistakes: also the name of the command. */
export type Means = 'check' | 'simulate';

/** What was looked for in a twin, and what came of it. */
export interface TwinReport {
  readonly twin: string;
  /** The rule of the paper that it breaks. */
  readonly rule: string;
  /** `out-of-reach`: this means is not said to find it; `foundBy` is the command that does. */
  readonly verdict: 'found' | 'missed' | 'out-of-reach';
  /** The property that it violates, or the problem that was seen. */
  readonly violates?: string;
  readonly foundBy?: string;
  /** Steps of the shortest counterexample of the checker, and the states until it was found. */
  readonly steps?: number;
  readonly states?: number;
  /** The seed by which the simulator found it, and the runs until then. */
  readonly seed?: number;
  readonly runs?: number;
}

const names = protocols.map(({ name }) => `'${name}'`).join(', ');

/** Reads the name of a protocol. @throws InvalidArgumentError */
export function protocolIn(name: string): Protocol {
  const found = protocols.find((it) => it.name === name);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Expected ${names}.`);
}

/** The name of a twin of `protocol`, or `all`. @throws UnknownTwinError */
export function twinIn(protocol: Protocol, name: string): string {
  if (name === 'all' || protocol.twins.some((twin) => twin.name === name)) return name;
  const choices = protocol.twins.map((twin) => `\n  ${twin.name}`).join('');
  throw new UnknownTwinError(`expected a twin of ${protocol.name}, got '${name}'; there are 'all' and${choices}`);
}

/** Whether `means` is said to find a twin. */
export const isReached = (twin: TwinDescription, means: Means): boolean =>
  (means === 'check' ? twin.checker : twin.simulator) !== undefined;

/** Adds `--list`, which is the same list wherever it is asked for, and `--json`. */
export const withList = (command: Command): Command =>
  command.option('--list', 'list the protocols that can be simulated and checked, and their broken twins', false);

/** Prints the list. */
export function printList(terminal: Terminal, isJson: boolean): void {
  if (isJson) {
    const told = protocols.map(({ name, about, systems, suites, twins }) => ({
      name,
      about,
      provenSystems: systems.length,
      provenSuites: suites.length,
      twins: twins.map((twin) => ({
        name: twin.name,
        rule: twin.rule,
        foundBy: (['check', 'simulate'] as const).filter((means) => isReached(twin, means)),
      })),
    }));
    terminal.out(JSON.stringify({ protocols: told }));
    return;
  }
  const width = Math.max(...protocols.map(({ name }) => name.length)) + 2;
  for (const { name, about, systems, twins } of protocols) {
    terminal.out(`${name.padEnd(width)}${about}`);
    const indent = ' '.repeat(width);
    terminal.out(`${indent}${systems.length} systems are proven; ${twins.length} broken twins are found:`);
    for (const twin of twins) terminal.out(`${indent}  ${quoted(twin.name)} (${twin.rule})`);
  }
}

/** A twin that `means` is not said to find, with the command that finds it. */
export const outOfReach = (protocol: Protocol, { name, rule }: TwinDescription, means: Means): TwinReport => ({
  twin: name,
  rule,
  verdict: 'out-of-reach',
  foundBy: `quorate ${means === 'check' ? 'simulate' : 'check'} ${protocol.name} --broken ${quoted(name)}`,
});

/** `text` as one word of a shell. */
export const quoted = (text: string): string => (text.includes("'") ? `"${text}"` : `'${text}'`);

/** Prints what became of all twins. @returns whether each was found, or is out of reach and named so */
export function printTwins(
  protocol: Protocol,
  means: Means,
  reports: readonly TwinReport[],
  terminal: Terminal,
  isJson: boolean,
): boolean {
  const ok = reports.every(({ verdict }) => verdict !== 'missed');
  if (isJson) terminal.out(JSON.stringify({ protocol: protocol.name, means, ok, twins: reports }));
  else {
    for (const line of reports.map(twinLine)) terminal.out(line);
    const count = (wanted: TwinReport['verdict']): number => reports.filter(({ verdict }) => verdict === wanted).length;
    terminal.out(`${count('found')} found, ${count('out-of-reach')} out of reach, ${count('missed')} missed`);
  }
  return ok;
}

/** One twin on one line. */
export function twinLine({ twin, rule, verdict, violates, foundBy, steps, states, seed, runs }: TwinReport): string {
  const head = `${verdict === 'missed' ? 'MISSED' : verdict.padEnd(12)} ${twin} (${rule})`;
  if (foundBy !== undefined) return `${head}\n             ${foundBy}`;
  if (verdict === 'missed') return head;
  const how = seed === undefined ? `${steps} steps, ${states} states` : `seed ${seed}, ${runs} runs`;
  return `${head}\n             ${violates}; ${how}`;
}
