/** A group in words, for people at a terminal. */

import type { FoundingObstacle, Standing, Transition } from '../../../statecharts/failover.ts';
import type { GroupStatus } from './managers.ts';

/** Columns that are as wide as their widest cell. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const bytes = (count: number | null): string => (count === null ? '?' : String(count));

/** Why a group is not founded, and what to do. */
export function obstacleText({ why, servers }: FoundingObstacle): string {
  const names = servers.join(', ');
  switch (why) {
    case 'not-seen':
      return `waits for ${names}, which may have the data or a later epoch; start them, or take them out of the file`;
    case 'several-primaries':
      return `${names} are primary; put the one whose data are to stay into the file as "primary"`;
    case 'apart':
      return `${names} hold data that cannot be compared; put the one whose data are to stay into the file as "primary"`;
    case 'would-discard':
      return `${names} hold data that the first primary lacks and would be overwritten; save them, or put "discardOthers": true beside "primary"`;
  }
}

type Loss = Pick<NonNullable<Standing['loss']>, 'bytes' | 'seenBytes'>;

/** How much, as far as that is known. */
function lossText({ bytes: most, seenBytes }: Loss): string {
  if (most !== null) return `${most} bytes`;
  const seen = seenBytes === null ? '' : `; what was seen of the old primary last was ${seenBytes} bytes ahead`;
  return `an unknown number of bytes (the old primary could not be fenced${seen})`;
}

/** How a group stands. */
export function statusLines({ group, latest, managers }: GroupStatus): readonly string[] {
  const roles = Object.entries(managers).map(([id, role]) => [id, role ?? 'does not answer']);
  const table = columns([['manager', 'role'], ...roles]);
  if (latest === undefined) return [`Group ${group}: none of its managers answers.`, '', ...table];
  const { phase, reason, epoch, primary, manager, term, maintenance, loss, inSync } = latest.standing;
  const leading = primary === null ? 'no primary' : `${primary.server} is primary of epoch ${epoch}`;
  const why = reason === null ? '' : ` (${reason})`;
  const servers = latest.servers.map((it) => [
    it.server,
    it.address,
    it.isPrimary ? 'primary' : (it.role ?? '?'),
    it.isFailing ? `${it.opinion}, failing` : it.opinion,
    it.isInSync ? 'in sync' : '',
    it.isPrimary ? '' : bytes(it.lagBytes),
  ]);
  return [
    `Group ${group}: ${phase}${why}, ${leading}; in sync: ${inSync.map(({ server }) => server).join(', ') || 'none'}.`,
    manager === null ? 'No manager has been in office yet.' : `${manager} is in office, term ${term}.`,
    ...(maintenance ? ['Maintenance is on: no failover begins by itself.'] : []),
    ...(loss === null ? [] : [`Epoch ${loss.epoch} may have lost ${lossText(loss)} of what was acknowledged.`]),
    ...(latest.obstacle === null ? [] : [`Not founded: ${obstacleText(latest.obstacle)}.`]),
    ...latest.alarms.map((alarm) => `ALARM: ${typeof alarm === 'string' ? alarm : JSON.stringify(alarm)}`),
    '',
    ...columns([['server', 'address', 'role', 'detector', 'in sync', 'lag in bytes'], ...servers]),
    '',
    ...table,
  ];
}

/** What a group went through. */
export const historyLines = (transitions: readonly Transition[]): readonly string[] =>
  columns([
    ['revision', 'term', 'manager', 'change', 'phase', 'reason', 'epoch', 'server'],
    ...transitions.map(({ revision, term, manager, change, phase, reason, epoch, server }) => [
      String(revision),
      String(term),
      manager ?? '',
      change,
      phase,
      reason ?? '',
      String(epoch),
      server ?? '',
    ]),
  ]);
