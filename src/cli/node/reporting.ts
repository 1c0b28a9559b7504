/** What a node tells as it runs: to the process that watches it, if there is one, else to the terminal. */

import pc from 'picocolors';
import type { NetworkBus } from '../../bus/tcp.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { occasionally } from '../../environment/occasionally.ts';
import type { KeyValueNode } from '../../services/kv-node.ts';
import type { Standing } from '../../services/lives/standing.ts';
import type { Peers } from '../options.ts';
import { elapsed, lineOf, type Report } from '../reports.ts';
import type { Terminal } from '../terminal.ts';

/** Tells a report; resolves when that is done. */
export type Tell = (report: Report) => Promise<void>;

/** How reports are written: as lines for people, or as JSON (pino), one value a line. */
export const logForms = ['human', 'json'] as const;
export type LogForm = (typeof logForms)[number];

/** The form that is expected of a process by those that started it: people look at a terminal, all else is collected. */
export const logFormFor = (isTerminal: boolean): LogForm => (isTerminal ? 'human' : 'json');

/** Makes what tells the reports of this process. */
export async function reporter(terminal: Terminal, { clock }: Environment, form: LogForm): Promise<Tell> {
  const startedMs = clock.nowMs();
  const elapsedMs = (): number => Math.round(clock.nowMs() - startedMs);
  if (process.send !== undefined) return toWatcher;
  if (form === 'human') return async (report) => tellPeople(terminal, elapsedMs(), report);
  // Loaded here, as people at a terminal need not wait for it.
  const { createLog } = await import('../log.ts');
  const log = createLog(terminal, false, {});
  return async (report) => {
    log[levelOf(report)]({ atMs: elapsedMs(), ...report }, lineOf(report, plain));
    // The last word is for those that look at the standard error alone, too.
    if (report.type === 'failed') tellPeople(terminal, elapsedMs(), report);
  };
}

async function toWatcher(report: Report): Promise<void> {
  // A watcher that is gone is no error here: its end is heard as such.
  if (process.connected) await new Promise<void>((done) => process.send?.(report, undefined, {}, () => done()));
}

function tellPeople(terminal: Terminal, atMs: number, report: Report): void {
  const isTrouble = report.type === 'notice' || report.type === 'failed';
  const [write, colours] = isTrouble ? [terminal.err, terminal.errColours] : [terminal.out, terminal.outColours];
  // A script that reads the standard error finds the code first.
  if (report.type === 'failed') write(lineOf(report, colours));
  else write(`${elapsed(atMs)}  ${report.id}  ${lineOf(report, colours)}`);
}

const plain = pc.createColors(false);

function levelOf(report: Report): 'info' | 'warn' | 'fatal' {
  if (report.type === 'failed') return 'fatal';
  const isTrouble = report.type === 'notice' || (report.type === 'peer' && report.status !== 'connected');
  return isTrouble ? 'warn' : 'info';
}

/** What a node was told of itself. */
export interface Told {
  readonly id: string;
  readonly peers: Peers;
  /** Whether it waits to be taken into the cluster of its peers. */
  readonly joins: boolean;
}

/** Tells what happens to a node from now on, and what its start has found. */
export function reportOn(running: KeyValueNode, { id, peers, joins }: Told, { clock }: Environment, tell: Tell): void {
  const notice = (code: string, message: string): void => void tell({ type: 'notice', id, code, message });
  const strangers = joins ? [] : strangersAmong(running, [...peers.keys()]);
  if (strangers.length > 0) {
    notice(
      'PEER_NOT_A_MEMBER',
      `the data says who takes part, and does not name ${strangers.join(', ')}; peers become members only by quorate member add or replace`,
    );
  }
  for (const { kind, detail } of running.journal.notices) notice(kind.toUpperCase().replaceAll('-', '_'), detail);
  running.notices.subscribe(({ code, message }) => notice(code, message));
  running.roleChanges.subscribe(({ role, former, cause }) => {
    if (role === undefined) return;
    const why = cause && { event: cause.event, from: cause.from, rules: [...cause.rules()] };
    const { remark } = running.store.status();
    void tell({ type: 'role', id, role, remark, ...(former !== undefined && { former }), ...why });
  });
  reportPeers(running, { id, peers }, tell);
  reportStanding(running, notice);
  tellTrouble(running.bus, clock, notice);
}

/** Tells what an operator should know. */
export type Notice = (code: string, message: string) => void;

/** The peers that the log neither names as members nor as retired. */
function strangersAmong({ store: { membership } }: KeyValueNode, peers: readonly string[]): readonly string[] {
  const { retired } = membership.members();
  return peers.filter((it) => !membership.reachable().has(it) && !retired.includes(it));
}

function reportPeers({ bus }: KeyValueNode, { id, peers }: Pick<Told, 'id' | 'peers'>, tell: Tell): void {
  const told = new Map<string, string>();
  let isPast = true;
  bus.peers.subscribe(({ node: peer, status, reason }) => {
    // That a peer is away which was not asked yet is no news.
    if (isPast && status === 'disconnected') return;
    if (told.get(peer) === status || (status === 'disconnected' && told.get(peer) === 'refused')) return;
    // Clients come and go under ids of their own making, so that they are not remembered for longer than they stay.
    if (status === 'disconnected' && !peers.has(peer)) told.delete(peer);
    else told.set(peer, status);
    void tell({ type: 'peer', id, peer, status, ...(reason === undefined ? {} : { reason }) });
  });
  isPast = false;
}

function reportStanding({ standing }: KeyValueNode, notice: Notice): void {
  let wasSuspended = false;
  standing.changes.subscribe((now) => {
    if (!now.isSuspended && !wasSuspended) return;
    wasSuspended = now.isSuspended;
    if (now.isSuspended) notice('SUSPENDED', suspendedText(now));
    else notice('TAKES_PART', 'every peer that must has vouched for the journal');
  });
}

function suspendedText({ refusedBy, awaiting }: Standing): string {
  const said = Object.entries(refusedBy).map(([peer, reason]) => `${peer} says ${reason}`);
  const waited = awaiting.length === 0 ? [] : [`${awaiting.join(', ')} must vouch for it`];
  return `the journal may not be what it was, so this node neither votes nor acknowledges: ${[...said, ...waited].join('; ')}`;
}

/** Tells what a bus refuses, and why: once a minute for each kind and place. */
export function tellTrouble({ notices }: Pick<NetworkBus, 'notices'>, clock: Clock, notice: Notice): void {
  const admit = occasionally(clock);
  notices.subscribe(({ error, remote, node = remote.slice(0, remote.lastIndexOf(':')) }) => {
    const admitted = admit(`${error.code} ${node}`);
    if (admitted === undefined) return;
    const { heldBack } = admitted;
    const more = heldBack === undefined ? '' : `, and ${heldBack} times since this was told last`;
    notice(error.code, `${error.message} (from ${remote}${more})`);
  });
}
