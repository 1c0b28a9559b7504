/** Shows results to people: a summary, counterexamples as numbered steps, and as Mermaid sequence diagrams. */

import { nodeOf, type Tagged } from '../../statecharts/actor.ts';
import type { CheckResult } from './check.ts';
import type { Progress } from './search/explore.ts';
import type { Change, Trace, TraceStep } from './search/trace.ts';
import type { ModelStep } from './steps.ts';
import type { PropertyResult } from './verdicts.ts';

/** A message or record on one line: `vote {term: 1, granted: true}`. */
export function taggedText({ type, ...rest }: Tagged): string {
  const parts = Object.entries(rest).map(([name, value]) => `${name}: ${valueText(value)}`);
  return parts.length === 0 ? type : `${type} {${parts.join(', ')}}`;
}

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : String(value);
  const plain: unknown = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value;
  if (typeof plain !== 'object' || plain === null) return String(plain);
  if (plain instanceof Uint8Array) return `${plain.length} bytes`;
  if (Array.isArray(plain)) return `[${plain.map(valueText).join(', ')}]`;
  return `{${Object.entries(plain)
    .map(([name, part]) => `${name}: ${valueText(part)}`)
    .join(', ')}}`;
}

/** A step in words. */
export function stepText(step: ModelStep): string {
  switch (step.type) {
    case 'deliver':
      return `${step.to} receives ${taggedText(step.message)} from ${step.from}`;
    case 'duplicate':
      return `${step.to} receives ${taggedText(step.message)} from ${step.from}; a copy is still on its way`;
    case 'lose':
      return `${taggedText(step.message)} from ${step.from} to ${step.to} is lost`;
    case 'local':
      return `${step.to} takes up ${taggedText(step.message)} from ${step.from === step.to ? 'itself' : step.from}`;
    case 'timer':
      return `timer ${step.delay} of ${step.actor} fires`;
    case 'request':
      return `the application asks ${step.actor} to ${taggedText(step.request)}`;
    case 'flush':
      return `the oldest write of ${step.actor} becomes durable`;
    case 'crash':
      return `node ${step.node} crashes`;
    case 'restart':
      return `node ${step.node} starts again`;
    case 'execute':
      return `resource ${step.resource} carries out ${step.result === undefined ? `a part of ${step.id}` : `${step.id}: ${taggedText(step.result)}`}`;
    case 'answer':
      return `${step.actor} is answered ${step.id}: ${taggedText(step.result)}`;
    case 'unknown':
      return `${step.actor} is told that it is unknown how ${step.id} ends`;
    case 'change':
      return `${step.resource}: ${step.of} ${step.name}`;
    case 'unreachable':
      return `${step.actor} is told that ${step.node} cannot be reached`;
    case 'tick':
      return 'time passes';
  }
}

const changeText = ({ life, state, role }: Change): string => {
  if (life !== 'running') return life;
  return role === undefined || role === state ? (state ?? '') : `${role} (${state})`;
};

function consequences({ changes, sent, outputs }: TraceStep): string[] {
  return [
    ...changes.map((change) => `${change.actor} is now ${changeText(change)}`),
    ...outputs.map(({ actor, output }) => `${actor} delivers ${taggedText(output)}`),
    ...sent.map(({ from, to, message }) => `${from} sends ${taggedText(message)} to ${to}`),
  ];
}

/** A trace as a numbered list of steps, each with what came of it. */
export function renderTrace(trace: Trace): string {
  const lines = trace.details.flatMap((detail, index) => [
    ...(index === trace.loopFrom ? ['   -- from here on, for ever:'] : []),
    `${String(index + 1).padStart(3)}. ${stepText(detail.step)}`,
    ...consequences(detail).map((line) => `     - ${line}`),
  ]);
  if (trace.loopFrom !== undefined) lines.push(`   -- and again from step ${trace.loopFrom + 1}`);
  if (trace.begins !== undefined) lines.unshift(`   (it begins: ${trace.begins})`);
  else if (lines.length === 0) lines.push('   (the first state)');
  return lines.join('\n');
}

/** A trace as a Mermaid sequence diagram. What was sent and has not arrived is an arrow where it was sent, as that may be the harm. */
export function renderDiagram(trace: Trace): string {
  const aliases = new Map<string, string>(trace.start.map(({ actor }, index) => [actor, `a${index}`]));
  const alias = (actor: string): string => aliases.get(actor) ?? 'outside';
  const lines = [
    'sequenceDiagram',
    ...trace.start.map(({ actor }) => `  participant ${alias(actor)} as ${escaped(actor)}`),
  ];
  const isOutside = trace.details.some(({ sent }) => sent.some(({ to }) => !aliases.has(to)));
  if (isOutside) lines.push('  participant outside');
  const isUnderWay = underWayAfter(trace);
  trace.details.forEach((detail, index) => {
    if (index === trace.loopFrom) lines.push('  loop for ever');
    lines.push(...stepLines(detail, alias, trace.start));
    for (const change of detail.changes) {
      lines.push(`  Note over ${alias(change.actor)}: ${escaped(changeText(change))}`);
    }
    for (const { actor, output } of detail.outputs) {
      lines.push(`  Note right of ${alias(actor)}: delivers ${escaped(taggedText(output))}`);
    }
    for (const sent of detail.sent.filter(isUnderWay)) {
      lines.push(`  ${alias(sent.from)}--)${alias(sent.to)}: ${escaped(taggedText(sent.message))} (under way)`);
    }
  });
  if (trace.loopFrom !== undefined) lines.push('  end');
  return lines.join('\n');
}

type Sent = TraceStep['sent'][number];

/** Tells of one message sent after the other whether it neither arrives nor is lost in the trace. Each is asked about once. */
function underWayAfter({ details }: Trace): (sent: Sent) => boolean {
  const keyOf = ({ from, to, message }: Sent): string => `${from} ${to} ${taggedText(message)}`;
  const over = new Map<string, number>();
  for (const { step } of details) {
    if (step.type !== 'deliver' && step.type !== 'lose' && step.type !== 'local') continue;
    over.set(keyOf(step), (over.get(keyOf(step)) ?? 0) + 1);
  }
  return (sent) => {
    const left = over.get(keyOf(sent)) ?? 0;
    over.set(keyOf(sent), left - 1);
    return left <= 0 && sent.from !== sent.to;
  };
}

function stepLines({ step }: TraceStep, alias: (actor: string) => string, actors: readonly Change[]): string[] {
  const over = (actor: string, text: string): string => `  Note over ${alias(actor)}: ${escaped(text)}`;
  const overNode = (node: string, text: string): string[] =>
    actors.filter(({ actor }) => nodeOf(actor) === node).map(({ actor }) => over(actor, text));
  switch (step.type) {
    case 'deliver':
    case 'duplicate':
    case 'local': {
      const text = `${taggedText(step.message)}${step.type === 'duplicate' ? ' (and again)' : ''}`;
      return [`  ${alias(step.from)}->>${alias(step.to)}: ${escaped(text)}`];
    }
    case 'lose':
      return [`  ${alias(step.from)}-x${alias(step.to)}: ${escaped(taggedText(step.message))}`];
    case 'timer':
      return [over(step.actor, `timer ${step.delay}`)];
    case 'request':
      return [over(step.actor, `asked to ${taggedText(step.request)}`)];
    case 'flush':
      return [over(step.actor, 'durable')];
    case 'crash':
      return overNode(step.node, 'crash');
    case 'restart':
      return overNode(step.node, 'restart');
    case 'execute':
    case 'change':
      return actors.slice(0, 1).map(({ actor }) => over(actor, stepText(step)));
    case 'answer':
      return [over(step.actor, `${step.id}: ${taggedText(step.result)}`)];
    case 'unknown':
      return [over(step.actor, `${step.id}: unknown`)];
    case 'unreachable':
      return [over(step.actor, `${step.node} cannot be reached`)];
    case 'tick':
      return actors.slice(0, 1).map(({ actor }) => over(actor, 'time passes'));
  }
}

/** Mermaid ends a statement at `;` and reads `#` as the start of an entity. */
const escaped = (text: string): string => text.replaceAll('#', '#35;').replaceAll(';', '#59;').replaceAll('\n', ' ');

const count = (value: number): string => Math.round(value).toLocaleString('en');

const marks = {
  holds: 'ok',
  reached: 'ok',
  violated: 'VIOLATED',
  unreached: 'NOT REACHED',
  inconclusive: 'inconclusive',
} as const;

const doubts = {
  stopped: 'the check was stopped before it could tell',
  cut: 'runs go on in states that were not explored',
  withheld: 'a run without it ends, or goes round, only because a budget is spent',
} as const;

const propertyText = ({ name, kind, verdict, because, trace }: PropertyResult): string => {
  const steps = verdict === 'reached' && trace !== undefined ? `, in ${trace.steps.length} steps at the soonest` : '';
  const doubt = because === undefined ? '' : ` (${doubts[because]})`;
  return `  ${marks[verdict].padEnd(12)} ${kind}: ${name}${steps}${doubt}`;
};

/**
 * A result for the command line: what was explored, every property and goal with its verdict, and the counterexamples.
 *
 * @param options.diagrams adds each counterexample as a Mermaid diagram; default false
 */
export function renderResult(result: CheckResult, { diagrams = false }: { readonly diagrams?: boolean } = {}): string {
  const rate = result.seconds > 0 ? result.transitions / result.seconds : 0;
  const lines = [
    `${result.model}: ${result.ok ? 'ok' : 'NOT OK'}`,
    `  ${count(result.states)} distinct states, ${count(result.transitions)} transitions, depth ${result.depth}`,
    `  ${count(result.localStates)} local states, ${count(result.envelopes)} envelopes, ${result.bytesPerState.toFixed(0)} bytes per state, visited states exact`,
    `  ${result.seconds.toFixed(1)} s, ${count(rate)} transitions/s`,
  ];
  if (result.pruned > 0)
    lines.push(`  ${count(result.pruned)} transitions led over the boundary and were not followed`);
  if (!result.complete) lines.push(`  not complete: stopped by ${stopText[result.stoppedBy ?? 'violation']}`);
  lines.push(...result.properties.map(propertyText));
  for (const { name, verdict, trace } of result.properties) {
    if (verdict === 'reached' || trace === undefined) continue;
    const what = verdict === 'violated' ? 'Counterexample to' : 'A run that leaves open';
    lines.push('', `${what} '${name}', ${trace.steps.length} steps:`, renderTrace(trace));
    if (diagrams) lines.push('', '```mermaid', renderDiagram(trace), '```');
  }
  return lines.join('\n');
}

const stopText = {
  violation: 'the first violation',
  states: 'the limit of states',
  seconds: 'the limit of time',
} as const;

/** Progress on one line. */
export const renderProgress = (progress: Progress): string => {
  const { seconds, states, statesPerSecond, transitions, depth, frontier } = progress;
  const rate = `${count(statesPerSecond)}/s`;
  return `${seconds.toFixed(0)} s: ${count(states)} states (${rate}), ${count(transitions)} transitions, depth ${depth}, frontier ${count(frontier)}`;
};
