/** `quorate txn`: shows transactions that are not over, resolves them, and examines their databases. */

import { Command } from 'commander';
import { systemEnvironment } from '../environment/environment.ts';
import { messageOf } from '../environment/message.ts';
import type { ListedTransaction, ResourceReport } from '../services/transactions.ts';
import { type DashboardOption, withDashboard } from './dashboard.ts';
import { exitCodes, tell } from './errors.ts';
import { securityOf, type TlsChoice, withTls } from './node/tls-files.ts';
import { positiveIn } from './options.ts';
import type { Terminal } from './terminal.ts';
import { majorityTimeoutMs, readTxnConfig, resourcesOf } from './txn/config.ts';
import { reachManager } from './txn/manager.ts';
import type { AnyManager } from './txn/own-manager.ts';
import { type TxnPage, txnPage } from './txn/page.ts';

interface Options {
  readonly config: string;
  readonly json: boolean;
}
/** Of those that take the place of a node. */
interface ManagerOptions extends Options, TlsChoice {
  readonly dashboard?: DashboardOption;
}
interface ResolveOptions extends ManagerOptions {
  readonly wait: number;
}

const help = `
The configuration is a JSON file:
  {
    "node": "n1", "address": "127.0.0.1:5701", "dataDirectory": "./data/n1",
    "resources": { "orders": { "type": "postgres", "url": "postgres://user:password@host/orders" } }
  }
The running manager of the node is asked at its address. Only when none runs, the journal in its data directory is opened,
and what was left behind is recovered from it. Where the manager has a last resource, name it: "last": "orders".

Where it has a decision register, say which store keeps it, and where the other nodes of that listen:
    "cluster": "shop", "secretFile": "/etc/quorate/secret",
    "register": { "key": "txn", "peers": { "n2": "10.0.0.2:5701", "n3": "10.0.0.3:5701" } }
When no manager runs, the command then takes the node's place among them, at "address" (or at "listen" in "register"). It
waits ${majorityTimeoutMs / 1_000} s for a majority ("timeoutMs" in "register"), and changes nothing without one.
Where acceptors decide, name them and the other nodes likewise:
    "acceptors": { "nodes": ["n1", "n2", "n3"], "peers": { "n2": "10.0.0.2:5701", "n3": "10.0.0.3:5701" } }

Where nodes speak TLS, list and resolve need the node's --ca, --cert and --key: with them they ask the manager, and take the node's
place. They take it at other addresses than loopback only with those, or with --insecure.

The command has a page while it takes a node's place: coordinators and participants, what is open, for how long, and who is waited for.
With --dashboard its URL is told at once, and it stays until Ctrl-C, with all that has happened; the node is given back before. A manager
that runs is seen on the dashboard of its application.

Exit codes: 0 all is well, 1 something is unresolved or wrong, 2 wrong options or configuration.`;

const doctorTimeoutMs = 10_000;
const pollMs = 100;

const aboutPage = "serve a page of what is done in a node's place, until Ctrl-C";

/** Makes the command. */
export function txnCommand(terminal: Terminal): Command {
  const guarded =
    <Args extends unknown[]>(act: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> => {
      try {
        process.exitCode = await act(...args);
      } catch (error) {
        process.exitCode = tell(error, terminal);
      }
    };
  const configured = (name: string): Command =>
    new Command(name)
      .requiredOption('--config <file>', 'which manager, where it answers, and its resources')
      .option('--json', 'tell the result as JSON', false);
  return new Command('txn')
    .summary('show and resolve distributed transactions, examine their databases')
    .description('Shows transactions that are not over, resolves what was left in doubt, and examines the databases.')
    .addHelpText('after', help)
    .addCommand(
      withTls(withDashboard(configured('list'), `${aboutPage} (default: none)`), 'the node')
        .description('open and in-doubt transactions, oldest first')
        .action(guarded((options: ManagerOptions) => list(options, terminal))),
    )
    .addCommand(
      withTls(
        withDashboard(configured('resolve'), `${aboutPage} (default: while branches are waited for, at a terminal)`),
        'the node',
      )
        .description('finish what is decided, abort what never was, and say what became of a transaction')
        .argument('[transaction]', 'the transaction that matters; all of them by default')
        .option('--wait <seconds>', 'how long to wait for the branches', positiveIn, 10)
        .action(
          guarded((transaction: string | undefined, options: ResolveOptions) =>
            resolve(transaction, options, terminal),
          ),
        ),
    )
    .addCommand(
      configured('doctor')
        .description('settings, permissions and forgotten branches of the databases; creates the table that they need')
        .action(guarded((options: Options) => examine(options, terminal))),
    );
}

async function withManager(
  options: ManagerOptions,
  terminal: Terminal,
  use: (manager: AnyManager, page: TxnPage) => Promise<number>,
): Promise<number> {
  const environment = systemEnvironment();
  const config = { ...readTxnConfig(options.config), security: await securityOf(options) };
  const page = await txnPage(config, options.dashboard, terminal, environment);
  try {
    const manager = await reachManager(config, environment, page.watch);
    terminal.err(`Asked: ${manager.where}.`);
    let code: number;
    try {
      code = await use(manager, page);
    } finally {
      await manager.close();
    }
    await page.linger();
    return code;
  } finally {
    await page.close();
  }
}

function list({ dashboard = false, ...options }: ManagerOptions, terminal: Terminal): Promise<number> {
  return withManager({ dashboard, ...options }, terminal, async (manager) => {
    const { transactions, omitted } = await manager.list();
    const code = transactions.some((it) => it.state === 'in-doubt') ? exitCodes.failed : exitCodes.done;
    if (options.json) {
      terminal.out(JSON.stringify({ transactions, omitted }));
      return code;
    }
    if (transactions.length === 0) terminal.out('No transaction is open or in doubt.');
    for (const transaction of transactions) terminal.out(lineOf(transaction, terminal));
    if (omitted > 0) terminal.out(`... and ${omitted} more.`);
    return code;
  });
}

function resolve(transaction: string | undefined, options: ResolveOptions, terminal: Terminal): Promise<number> {
  const { clock } = systemEnvironment();
  return withManager(options, terminal, async (manager, page) => {
    const reports = await manager.recover();
    const untilMs = clock.nowMs() + options.wait * 1_000;
    const unresolved = async (): Promise<readonly ListedTransaction[]> =>
      (await manager.list()).transactions.filter(
        (it) => it.state !== 'open' && (transaction === undefined || it.transaction === transaction),
      );
    let left = await unresolved();
    if (left.length > 0) page.waits();
    while (left.length > 0 && clock.nowMs() < untilMs) {
      await new Promise<void>((done) => void clock.setTimeout(done, pollMs));
      left = await unresolved();
    }
    const isWell = reports.every((it) => it.state === 'ready' && it.orphans.length === 0) && left.length === 0;
    const asked = transaction === undefined ? undefined : await manager.outcome(transaction);
    const isKnown = asked?.outcome === 'committed' || asked?.outcome === 'aborted';
    const isDone = asked === undefined ? isWell : isKnown && left.length === 0;
    const code = isDone ? exitCodes.done : exitCodes.failed;
    if (options.json) {
      terminal.out(
        JSON.stringify({ resources: reports, unresolved: left, outcome: asked?.outcome, detail: asked?.detail }),
      );
      return code;
    }
    for (const report of reports) for (const line of linesOf(report, terminal)) terminal.out(line);
    for (const it of left) terminal.out(lineOf(it, terminal));
    if (asked === undefined) terminal.out(isWell ? 'Nothing is left in doubt.' : 'Not everything could be resolved.');
    else terminal.out(`${transaction}: ${asked.outcome} (${asked.detail})`);
    return code;
  });
}

interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly resource: string;
  readonly text: string;
}

async function examine({ config: path, json }: Options, terminal: Terminal): Promise<number> {
  const config = readTxnConfig(path);
  const { outColours } = terminal;
  const marks = {
    ok: outColours.green('ok     '),
    warning: outColours.yellow('warning'),
    error: outColours.red('error  '),
  };
  const findings: Finding[] = [];
  const say = (finding: Finding): void => {
    findings.push(finding);
    if (!json) terminal.out(`${marks[finding.level]} ${finding.resource}: ${finding.text}`);
  };
  for (const [name, resource] of Object.entries(resourcesOf(config, systemEnvironment()))) {
    await examineOne(name, resource, config.node, say);
  }
  for (const [resource, { type }] of Object.entries(config.resources)) {
    if (type !== 'embedded') continue;
    say({ level: 'ok', resource, text: 'embedded, examined whenever its journal is opened' });
  }
  if (json) terminal.out(JSON.stringify({ findings }));
  return findings.some(({ level }) => level === 'error') ? exitCodes.failed : exitCodes.done;
}

async function examineOne(
  name: string,
  resource: ReturnType<typeof resourcesOf>[string],
  node: string,
  tell: (finding: Finding) => void,
): Promise<void> {
  const say = (level: Finding['level'], text: string): void => tell({ level, resource: name, text });
  try {
    await resource.setup({ timeoutMs: doctorTimeoutMs });
  } catch (error) {
    say('error', messageOf(error));
  }
  try {
    const { server, findings, leftovers } = await resource.check({ timeoutMs: doctorTimeoutMs });
    say('ok', server);
    for (const { level, subject, message } of findings) say(level, `${subject}: ${message}`);
    for (const { globalId, branch, ageMs, owner, locks } of leftovers) {
      const whose = branch === undefined ? 'not ours' : branch.manager === node ? 'ours' : `of ${branch.manager}`;
      const age = ageMs === undefined ? 'of unknown age' : `for ${ageText(ageMs)}`;
      const locking = locks.length === 0 ? 'locks nothing' : `locks ${locks.join(', ')}`;
      const by = owner === undefined ? '' : ` by ${owner}`;
      say('warning', `${globalId} (${whose}) is prepared${by} ${age} and ${locking}`);
    }
  } catch (error) {
    say('error', messageOf(error));
  } finally {
    await resource.close();
  }
}

function lineOf({ transaction, manager, state, ageMs, branches }: ListedTransaction, { outColours }: Terminal): string {
  const colour = state === 'in-doubt' ? outColours.red : state === 'open' ? outColours.dim : outColours.yellow;
  const at =
    branches.map(({ resource, state: branchState }) => `${resource} ${branchState}`).join(', ') || 'no branch yet';
  return `${transaction}  ${colour(state)}  for ${ageText(ageMs)}  of ${manager}  (${at})`;
}

function* linesOf(
  { resource, state, problem, prepared, oldestMs, orphans }: ResourceReport,
  { outColours }: Terminal,
): Iterable<string> {
  const text = prepared === 0 ? 'nothing was prepared' : `${prepared} prepared, the oldest for ${ageText(oldestMs)}`;
  if (state === 'ready') yield `${resource}: ${text}`;
  else yield `${resource}: ${outColours.red(state)}: ${problem ?? 'no answer'}`;
  for (const { manager, transaction, branch } of orphans) {
    yield `${resource}: ${outColours.red('orphan')} ${manager}/${transaction}/${branch}: given out by another journal of this node, whose decisions are lost; end it by hand`;
  }
}

function ageText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
