/** `quorate chart`: any statechart as a picture, or as the configuration that Stately Studio reads. */

import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, Option } from 'commander';
import type { AnyStateMachine } from 'xstate';
import { configOf } from '../charts/config.ts';
import { dotOf } from '../charts/dot.ts';
import type { DrawingOptions } from '../charts/drawing.ts';
import { mermaidOf } from '../charts/mermaid.ts';
import { roles } from '../charts/roles.ts';
import { svgOf } from '../charts/svg.ts';
import { messageOf } from '../environment/message.ts';
import { FileError, UnknownChartError } from './errors.ts';
import type { Terminal } from './terminal.ts';

const formats = {
  mermaid: mermaidOf,
  json: (chart) => JSON.stringify(configOf(chart), undefined, 2),
  svg: svgOf,
  dot: dotOf,
} satisfies Record<string, (chart: AnyStateMachine, options: DrawingOptions) => string | Promise<string>>;

type Format = keyof typeof formats;

interface Options {
  readonly format: Format;
  readonly handled: boolean;
  readonly export?: string;
  readonly out?: string;
  readonly list: boolean;
  readonly json: boolean;
}

const help = `
ROLE is one that --list names, or a module of your own (a path that begins with ./, ../ or /, or ends in .js or .mjs) that exports
an actor of defineActor() or a machine of createMachine(). The module is run to get at it.

Formats: mermaid for documents, svg for slides and pages (wants the package elkjs), dot for Graphviz, json for Stately Studio.

Examples:
  $ quorate chart raft.server
  $ quorate chart 2pc.coordinator --format svg --out coordinator.svg
  $ quorate chart ./dist/my-actor.js --export myActor --format json

Exit codes: 0 done, 1 the picture could not be made, 2 wrong options or no such chart.`;

/** Makes the command. */
export function chartCommand(terminal: Terminal): Command {
  return new Command('chart')
    .summary('draw the statechart of a role')
    .description('Draws a statechart from the machine that runs, so that the picture is as true as the code.')
    .argument('[role]', 'the role, or the path of a module of your own')
    .addOption(new Option('--format <format>', 'what to make of it').choices(Object.keys(formats)).default('mermaid'))
    .option('--handled', 'also draw what a state handles without leaving it, where that cites a rule', false)
    .option('--export <name>', "the module's export, where it has several charts")
    .option('--out <file>', 'write to a file instead of the standard output')
    .option('--list', 'list the roles that have a name', false)
    .option('--json', 'tell the list as JSON', false)
    .addHelpText('after', help)
    .action(async (name: string | undefined, options: Options, command: Command) => {
      if (options.list) {
        const names = roles.map((role) => role.name);
        terminal.out(options.json ? JSON.stringify({ roles: names }) : names.join('\n'));
        return;
      }
      if (name === undefined) return command.help({ error: true });
      const chart = await chartNamed(name, options.export);
      const drawn = await formats[options.format](chart, { handled: options.handled });
      if (options.out === undefined) terminal.out(drawn.trimEnd());
      else write(options.out, `${drawn.trimEnd()}\n`);
    });
}

const isPath = (name: string): boolean => /^\.{0,2}\/|\.[cm]?js$/.test(name);

/** @throws UnknownChartError */
async function chartNamed(name: string, exported: string | undefined): Promise<AnyStateMachine> {
  if (isPath(name)) return chartIn(name, exported);
  const role = roles.find((it) => it.name === name);
  if (role !== undefined) return role.chart;
  const known = roles.map((it) => `\n  ${it.name}`).join('');
  throw new UnknownChartError(
    `expected the name of a role or the path of a module, got '${name}'; the roles are${known}`,
  );
}

/** @throws FileError, UnknownChartError */
async function chartIn(path: string, exported: string | undefined): Promise<AnyStateMachine> {
  const file = resolve(path);
  if (!existsSync(file)) throw new FileError(`expected a module at ${path}, found none; build it first?`);
  const found = new Map<string, AnyStateMachine>();
  for (const [name, value] of Object.entries(await load(path, file))) {
    const chart = chartOf(value);
    if (chart !== undefined) found.set(name, chart);
  }
  const names = [...found.keys()];
  const [first] = names;
  const chart = found.get(exported ?? first ?? '');
  if (chart !== undefined && (exported !== undefined || names.length === 1)) return chart;
  const has = names.length === 0 ? 'exports no chart' : `exports the charts ${names.join(', ')}`;
  const wanted = exported === undefined ? 'one chart' : `the chart '${exported}'`;
  const hint = names.length === 0 ? 'export what defineActor() or createMachine() made' : 'choose one with --export';
  throw new UnknownChartError(`expected ${wanted} in ${path}, which ${has}; ${hint}`);
}

/** @throws FileError for a module that cannot be run */
async function load(path: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
    return module;
  } catch (cause) {
    throw new FileError(`${path} could not be run: ${messageOf(cause)}`, { cause });
  }
}

/** The machine of an actor's definition, or the machine itself; told by shape, for a module may have an xstate of its own. */
function chartOf(value: unknown): AnyStateMachine | undefined {
  if (isMachine(value)) return value;
  if (typeof value !== 'object' || value === null || !('chart' in value)) return undefined;
  return isMachine(value.chart) ? value.chart : undefined;
}

const isMachine = (value: unknown): value is AnyStateMachine =>
  typeof value === 'object' && value !== null && 'root' in value && 'config' in value && 'getInitialSnapshot' in value;

/** @throws FileError */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new FileError(`${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}
