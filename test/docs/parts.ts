/** What the documents have from the sources: tables, charts and examples, by the name between whose marks each stands. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import type { DrawingOptions } from '../../src/charts/drawing.ts';
import { mermaidOf } from '../../src/charts/mermaid.ts';
import { roles } from '../../src/charts/roles.ts';
import { choiceFigures } from '../../src/compare/choice-figures.ts';
import { readComparison } from '../../src/compare/comparison.ts';
import { isolationTable as comparedIsolationTable } from '../../src/compare/report/isolation.ts';
import {
  calmTable,
  type FaultFigure,
  faultFiguresShown,
  faultTable,
  latencyWithFaultsTable,
  methodsTable,
  operationsTable,
} from '../../src/compare/report/text.ts';
import { recordedStandbys, standbysTable } from '../../src/proof/failover/standby-costs.ts';
import { incidentsTable, recordedReplays, replaysTable, withoutTable } from '../../src/proof/incidents/table.ts';
import { incidents } from '../../src/proof/incidents.ts';
import { provenLogs } from '../../src/proof/logs.ts';
import { methodCosts } from '../../src/proof/method-costs.ts';
import { protocolOdds } from '../../src/proof/odds/all.ts';
import { factorsTable } from '../../src/proof/odds/tables.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { commandCostsTable } from '../../src/proof/store/command-costs.ts';
import { crashesTable, outagesSchema, outagesTable } from '../../src/proof/store/outages.ts';
import {
  boundsTable,
  exploredTable,
  figuresSchema,
  protocolsTable,
  systemsTable,
  totalText,
  twinsTable,
} from '../../src/proof/tables.ts';
import { ownTable, paperTable } from '../../src/proof/two-phase-commit/costs/compare.ts';
import {
  acceptorChart,
  learnerChart,
  paxosServerChart,
  proposerChart,
  registerChart,
} from '../../statecharts/paxos.ts';
import { serverChart as raftServerChart } from '../../statecharts/raft.ts';
import { acceptorChart as commitAcceptorChart } from '../../statecharts/two-phase-commit.ts';
import { allConclusions } from '../cli/choose/walk.ts';
import {
  besideTable,
  choicePicture,
  claimsTable,
  commitsTable,
  conclusionsTable,
  consistencyTable,
  questionsTable,
  reasonsTable,
  startsText,
} from './choosing.ts';
import { isolationInBrief, isolationTable, meetingsTable, recordedIsolation } from './isolation.ts';
import { logMessages, messagesTable } from './messages.ts';
import { root } from './pages.ts';
import { recordedModule } from './recorded-costs.ts';
import { rulesTable } from './rules.ts';
import { asPackage } from './snippets.ts';

const recorded = (name: string): unknown => JSON.parse(readFileSync(join(root, 'test', 'proof', name), 'utf8'));
const figures = figuresSchema(recorded('figures.json'));
const outages = outagesSchema(recorded('outages.json'));
const comparison = readComparison(recorded('comparison.json'));
const replays = recordedReplays(recorded('incidents.json'));
const isolation = {
  PostgreSQL: recordedIsolation(recorded('isolation.json')),
  MariaDB: recordedIsolation(recorded('isolation-mariadb.json')),
};
const recordedCosts = methodCosts({
  outages,
  replays,
  compared: (method, remark) => choiceFigures(comparison, method, remark),
});
const named = (...names: readonly string[]) => protocols.filter(({ name }) => names.includes(name));
const logs = protocols.filter(({ name }) => name in provenLogs);

const fenced = (info: string, code: string): string => `\`\`\`${info}\n${code.trimEnd()}\n\`\`\``;
const chart = (machine: AnyStateMachine, options?: DrawingOptions) => (): string =>
  fenced('mermaid', mermaidOf(machine, options));
const example = (name: string) => (): string =>
  fenced(`ts ${name}.ts`, asPackage(readFileSync(join(root, 'examples', `${name}.ts`), 'utf8')));

/** Modules that are made from what is recorded, by their paths. */
export const modules: Readonly<Record<string, () => string>> = {
  'src/cli/choose/recorded.ts': () => recordedModule(recordedCosts),
};

export const parts: Readonly<Record<string, () => string>> = {
  'example fault-detector': example('fault-detector'),
  'chart of a server of Raft': chart(raftServerChart),
  'chart of an acceptor': chart(acceptorChart, { handled: true }),
  'chart of a proposer': chart(proposerChart),
  'chart of a learner': chart(learnerChart, { handled: true }),
  'chart of a register': chart(registerChart),
  'chart of a server of Multi-Paxos': chart(paxosServerChart),
  'chart of an acceptor of Paxos Commit': chart(commitAcceptorChart),
  ...Object.fromEntries(
    roles.flatMap(({ name, chart: machine }) => [
      [`picture of ${name}`, chart(machine)],
      [`rules of ${name}`, () => rulesTable(machine)],
    ]),
  ),
  'messages of Multi-Paxos': () => messagesTable(paxosServerChart, logMessages),
  'costs of a command': () => commandCostsTable(Object.values(provenLogs)),
  'crashes of leaders': () => crashesTable(outages),
  'partial partitions': () => outagesTable(outages),
  'explored of logs': () => exploredTable(logs, figures),
  'costs in the paper': paperTable,
  'costs here': ownTable,
  'factors of all methods': () => factorsTable(protocolOdds),
  'methods compared': () => methodsTable(comparison),
  'operations compared': () => operationsTable(comparison),
  'compared without faults': () => calmTable(comparison),
  'compared isolation': () => comparedIsolationTable(comparison),
  'latency with faults': () => latencyWithFaultsTable(comparison),
  ...Object.fromEntries(
    Object.entries<FaultFigure>(faultFiguresShown).map(([name, { text }]) => [
      `compared: ${name}`,
      () => faultTable(comparison, text),
    ]),
  ),
  'consistency models': consistencyTable,
  'two-phase commit and Paxos': () => commitsTable(figures),
  'Raft and Paxos': () =>
    besideTable(recordedCosts, [
      ['Raft', 'raft'],
      ['Multi-Paxos', 'paxos'],
    ]),
  'explored of Raft and Paxos': () => exploredTable(named('raft', 'paxos', 'agree'), figures),
  'primary-backup and failover': () =>
    besideTable(recordedCosts, [
      ['primary-backup', 'primary-backup-sync'],
      ['active failover', 'failover-durable-hot'],
    ]),
  'explored of primary-backup and failover': () => exploredTable(named('primary-backup', 'failover'), figures),
  standbys: () => standbysTable(recordedStandbys(recorded('standbys.json'))),
  'isolation of transactions': () => isolationTable(isolation),
  'transactions that meet': () => meetingsTable(isolation),
  'isolation of transactions in brief': () => isolationInBrief(isolation),
  'claims of transactions': () => claimsTable(['2pc', '2pc-last', '2pc-register', '2pc-paxos']),
  'questions of choice': questionsTable,
  'chart of choice': () => fenced('mermaid', choicePicture()),
  'reasons of choice': reasonsTable,
  'conclusions of choice': () => conclusionsTable(allConclusions()),
  'starts of choice': () => startsText(recordedCosts, allConclusions()),
  incidents: () => incidentsTable(incidents),
  'replays of incidents': () => replaysTable(incidents, replays),
  'incidents without protection': () => withoutTable(incidents, replays),
  protocols: () => protocolsTable(protocols),
  ...Object.fromEntries(
    protocols.flatMap((protocol) => [
      [`systems of ${protocol.name}`, () => `${systemsTable(protocol, figures)}\n\n${totalText([protocol], figures)}`],
      [`bounds of ${protocol.name}`, () => boundsTable(protocol)],
      [`twins of ${protocol.name}`, () => twinsTable(protocol)],
    ]),
  ),
};
