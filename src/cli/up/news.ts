/** What `quorate up` tells of its nodes as they begin, lead and die: a line each, JSON beside it, and all of them once in a table. */

import type { Clock } from '../../environment/clock.ts';
import { elapsed, lineOf, type Report } from '../reports.ts';
import type { Terminal } from '../terminal.ts';
import type { Dashboard } from './dashboard.ts';
import type { Standing } from './supervisor.ts';
import { createTable } from './table.ts';

/** By node, what it reported when it was ready. */
export type Ready = ReadonlyMap<string, Report & { readonly type: 'ready' }>;

export interface NewsParts {
  readonly clock: Clock;
  /** For people. */
  readonly terminal: Terminal;
  /** Takes one JSON value a line, if programs are told too. */
  readonly json: ((line: string) => void) | undefined;
  readonly dashboard: Dashboard | undefined;
  /** How each node stands. */
  standings(): readonly Standing[];
  /** Renders the table as all stands now. */
  table(ready: Ready, leader: string | undefined): string;
}

export interface News {
  /** Of the nodes that were ready once, the latest that each said of itself. */
  readonly ready: Ready;
  heard(report: Report): void;
  /** `restartInMs` is undefined for a node that is given up. */
  died(id: string, reason: string, restartInMs: number | undefined): void;
  /** It was ended by hand. */
  held(id: string, reason: string): void;
  /** Tells people something about a node. */
  line(id: string, text: string): void;
  /** Shows the table, unless it was shown already. */
  insist(): void;
  stopped(code: number): void;
}

export function createNews({ clock, terminal, json, dashboard, standings, table: render }: NewsParts): News {
  const { out, outColours: colours } = terminal;
  const beganAtMs = clock.nowMs();
  const ready = new Map<string, Report & { readonly type: 'ready' }>();
  /** The latest to change its role comes last. */
  const roles = new Map<string, string>();
  const leader = (): string | undefined => [...roles].filter(([, role]) => role === 'leader').at(-1)?.[0];
  const table = createTable({
    hasLeader: () => leader() !== undefined,
    standings,
    show: () => out(render(ready, leader())),
  });
  const line = (id: string, text: string): void =>
    out(`${colours.dim(elapsed(clock.nowMs() - beganAtMs))}  ${colours.cyan(id)}  ${text}`);
  const tellJson = (value: object): void =>
    json?.(JSON.stringify({ atMs: Math.round(clock.nowMs() - beganAtMs), ...value }));
  return {
    ready,
    line,
    heard(report) {
      tellJson(report);
      if (report.type === 'ready') {
        dashboard?.began(report.id);
        const isAgain = ready.has(report.id);
        ready.set(report.id, report);
        if (table.isShown || isAgain) line(report.id, lineOf(report, colours));
      } else if (report.type === 'role') {
        roles.delete(report.id);
        roles.set(report.id, report.role);
        if (table.isShown) line(report.id, lineOf(report, colours));
      } else if (report.type !== 'peer' || report.status === 'refused') {
        line(report.id, lineOf(report, colours));
      }
      table.changed();
    },
    died(id, reason, restartInMs) {
      roles.delete(id);
      tellJson({ type: 'died', id, reason, restartInMs });
      const next =
        restartInMs === undefined ? 'it is not started again' : `starting it again in ${restartInMs / 1_000} s`;
      line(id, `${colours.red('died')} (${reason}); ${next}`);
      table.changed();
      dashboard?.died(id, reason);
    },
    held(id, reason) {
      roles.delete(id);
      line(id, 'ended by hand');
      dashboard?.died(id, reason);
    },
    insist: table.insist,
    stopped: (code) => tellJson({ type: 'stopped', code }),
  };
}
