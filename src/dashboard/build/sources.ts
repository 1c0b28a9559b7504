/** The source text of rules, read from the modules that define them: functions by name, and the members of tables of rules. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type ESTree, parseAst } from 'vite';
import type { RuleSource } from '../model/chart-asset.ts';

/** Where the rules of each role stand; the first place that has a rule of a name counts. */
const places: Readonly<Record<string, readonly string[]>> = {
  '2pc.coordinator': ['two-phase-commit/coordinator'],
  '2pc.participant': ['two-phase-commit/participant'],
  '2pc.acceptor': ['two-phase-commit/acceptor'],
  'paxos.proposer': ['paxos/rules/proposer.ts', 'paxos/rules'],
  'paxos.acceptor': ['paxos/rules/acceptor.ts', 'paxos/rules'],
  'paxos.learner': ['paxos/rules/learner.ts', 'paxos/rules'],
  'paxos.register': ['paxos/rules/register.ts', 'paxos/rules'],
  'paxos.server': ['paxos/log', 'replication'],
  'raft.server': ['raft', 'replication'],
  'primary-backup.replica': ['primary-backup', 'replication'],
  'fault-detector': ['failover/detector'],
  heartbeat: ['failover/heartbeat.ts'],
  'failover.probe': ['failover/probe.ts'],
  'failover.manager': ['failover/manager'],
  'failover.route': ['failover/route'],
  'failover.standby': ['failover/standby'],
};

/** The sources of the rules of `role` that are called `names`, by name. @param root the folder of the repository */
export function ruleSources(root: string, role: string, names: ReadonlySet<string>): Record<string, RuleSource> {
  const found: Record<string, RuleSource> = {};
  for (const file of (places[role] ?? []).flatMap((place) => modulesAt(join(root, 'statecharts', place)))) {
    for (const [name, source] of functionsIn(root, file)) {
      if (names.has(name)) found[name] ??= source;
    }
  }
  return found;
}

function modulesAt(place: string): string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

type Named = readonly [string, { readonly start: number; readonly end: number }];

function functionsIn(root: string, file: string): readonly (readonly [string, RuleSource])[] {
  const code = readFileSync(file, 'utf8');
  return parseAst(code, { lang: 'ts' })
    .body.flatMap(functionsOf)
    .map(([name, { start, end }]) => {
      const from = commentBefore(code, start);
      const column = from - (code.lastIndexOf('\n', from - 1) + 1);
      const text = code.slice(from, end).replaceAll(`\n${' '.repeat(column)}`, '\n');
      return [name, { file: relative(root, file), line: code.slice(0, from).split('\n').length, text }];
    });
}

function functionsOf(statement: ESTree.Statement): readonly Named[] {
  const whole = statement;
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (declaration?.type === 'FunctionDeclaration') return declaration.id ? [[declaration.id.name, whole]] : [];
  if (declaration?.type !== 'VariableDeclaration') return [];
  return declaration.declarations.flatMap(({ id, init }): readonly Named[] => {
    if (id.type !== 'Identifier' || init === null) return [];
    const value = init.type === 'TSSatisfiesExpression' || init.type === 'TSAsExpression' ? init.expression : init;
    if (isFunction(value)) return [[id.name, whole]];
    return value.type === 'ObjectExpression' ? membersOf(value) : [];
  });
}

const isFunction = ({ type }: ESTree.Expression): boolean =>
  type === 'ArrowFunctionExpression' || type === 'FunctionExpression';

const membersOf = ({ properties }: ESTree.ObjectExpression): readonly Named[] =>
  properties.flatMap((property): readonly Named[] =>
    property.type === 'Property' && property.key.type === 'Identifier' && isFunction(property.value)
      ? [[property.key.name, property]]
      : [],
  );

/** Where the comment begins that ends right before `start`; `start` where there is none. */
function commentBefore(code: string, start: number): number {
  const before = code.slice(0, start).trimEnd();
  const begin = before.endsWith('*/') ? before.lastIndexOf('/**') : -1;
  return begin === -1 ? start : begin;
}
