/** What the documents have from the sources: tables, charts and examples, by the name between whose marks each stands. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { type MermaidOptions, mermaidOf } from '../../src/inspector/mermaid.ts';
import { provenLogs } from '../../src/proof/logs.ts';
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
import { logMessages, messagesTable } from './messages.ts';
import { root } from './pages.ts';
import { asPackage } from './snippets.ts';

const recorded = (name: string): unknown => JSON.parse(readFileSync(join(root, 'test', 'proof', name), 'utf8'));
const figures = figuresSchema(recorded('figures.json'));
const outages = outagesSchema(recorded('outages.json'));
const logs = protocols.filter(({ name }) => name in provenLogs);

const fenced = (info: string, code: string): string => `\`\`\`${info}\n${code.trimEnd()}\n\`\`\``;
const chart = (machine: AnyStateMachine, options?: MermaidOptions) => (): string =>
  fenced('mermaid', mermaidOf(machine, options));
const example = (name: string) => (): string =>
  fenced(`ts ${name}.ts`, asPackage(readFileSync(join(root, 'examples', `${name}.ts`), 'utf8')));

export const parts: Readonly<Record<string, () => string>> = {
  'example fault-detector': example('fault-detector'),
  'chart of a server of Raft': chart(raftServerChart),
  'chart of an acceptor': chart(acceptorChart, { handled: true }),
  'chart of a proposer': chart(proposerChart),
  'chart of a learner': chart(learnerChart, { handled: true }),
  'chart of a register': chart(registerChart),
  'chart of a server of Multi-Paxos': chart(paxosServerChart),
  'chart of an acceptor of Paxos Commit': chart(commitAcceptorChart),
  'messages of Multi-Paxos': () => messagesTable(paxosServerChart, logMessages),
  'costs of a command': () => commandCostsTable(Object.values(provenLogs)),
  'crashes of leaders': () => crashesTable(outages),
  'partial partitions': () => outagesTable(outages),
  'explored of logs': () => exploredTable(logs, figures),
  'costs in the paper': paperTable,
  'costs here': ownTable,
  protocols: () => protocolsTable(protocols),
  ...Object.fromEntries(
    protocols.flatMap((protocol) => [
      [`systems of ${protocol.name}`, () => `${systemsTable(protocol, figures)}\n\n${totalText([protocol], figures)}`],
      [`bounds of ${protocol.name}`, () => boundsTable(protocol)],
      [`twins of ${protocol.name}`, () => twinsTable(protocol)],
    ]),
  ),
};
