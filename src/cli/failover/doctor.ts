/** `quorate failover doctor`: whether managers answer, how each server stands and is set up, and what would block a failover. */

import type { ServerStatus } from '../../../statecharts/failover.ts';
import { systemEnvironment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import type { Finding } from '../../resources/transactional.ts';
import { exitCodes } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { type Asked, type GroupStatus, Managers } from './managers.ts';
import { type Reached, reachServers } from './servers.ts';
import { obstacleText } from './texts.ts';

/** Something that was looked at, and how it is. */
export interface Examined extends Finding {
  /** The manager or server; the group where it is about all. */
  readonly of: string;
}

const timeoutMs = 5_000;

/** @returns the exit code: 1 if something is wrong that would keep a failover from succeeding */
export async function examine(located: Asked, isJson: boolean, terminal: Terminal): Promise<number> {
  const told = await new Managers(located).status();
  const servers = await reachServers(located, 'doctor', systemEnvironment());
  const found = [
    ...ofManagers(told),
    ...(await Promise.all(Object.entries(servers).map(([name, reached]) => ofServer(name, reached)))).flat(),
    ...ofGroup(told, located.config.mode === 'durable' ? (located.config.confirmations ?? 1) : 0),
  ];
  if (isJson) terminal.out(JSON.stringify({ findings: found }));
  else for (const it of found) terminal.out(lineOf(it, terminal));
  return found.some(({ level }) => level === 'error') ? exitCodes.failed : exitCodes.done;
}

function ofManagers({ managers }: GroupStatus): readonly Examined[] {
  const all = Object.entries(managers).map(([of, role]): Examined => {
    if (role === null) return { of, level: 'warning', subject: 'manager', message: 'does not answer; start it' };
    return { of, level: 'ok', subject: 'manager', message: `answers, ${role}` };
  });
  const answering = all.filter(({ level }) => level === 'ok').length;
  if (answering * 2 > all.length) return all;
  const message = `${answering} of ${all.length} answer, which is no majority: no failover can begin; start more of them`;
  return [...all, { of: 'managers', level: 'error', subject: 'majority', message }];
}

async function ofServer(name: string, { server }: Reached): Promise<readonly Examined[]> {
  const found: Examined[] = [];
  const say = (level: Finding['level'], subject: string, message: string): void => {
    found.push({ of: name, level, subject, message });
  };
  try {
    say('ok', 'stands', standsText(await server.operate({ type: 'look' }, timeoutMs)));
    if (server.check !== undefined) {
      for (const { level, subject, message } of await server.check(timeoutMs)) say(level, subject, message);
    }
  } catch (error) {
    say('warning', 'reach', `${messageOf(error)}; it takes no part in a failover until it answers`);
  } finally {
    await server.close();
  }
  return found;
}

function standsText({ role, follows, isLinked, position, mark }: ServerStatus): string {
  const followed = follows === null ? '' : ` of ${follows}${isLinked ? '' : ', not linked'}`;
  const marked = mark === null ? '' : `, marked epoch ${mark.epoch} version ${mark.version}`;
  return `${role}${followed}, at ${position.history}/${position.offset}${marked}`;
}

/** What is recorded, and what would happen if the primary died now. `confirmations`: for how many each write waits. */
function ofGroup({ group: of, latest }: GroupStatus, confirmations: number): readonly Examined[] {
  if (latest === undefined) return [];
  const { phase, primary, inSync, maintenance } = latest.standing;
  const found: Examined[] = [];
  if (latest.obstacle !== null) {
    found.push({ of, level: 'error', subject: 'founding', message: obstacleText(latest.obstacle) });
  } else if (primary === null) {
    const message = `there is none, in phase ${phase}: look at the servers, and at the log of the manager in office`;
    found.push({ of, level: 'error', subject: 'primary', message });
  } else found.push({ of, level: 'ok', subject: 'primary', message: `${primary.server}, in phase ${phase}` });
  if (inSync.length < confirmations) {
    const message = `${inSync.length}, and each write waits for ${confirmations}: see that standbys run and follow`;
    found.push({ of, level: 'error', subject: 'in sync', message });
  } else if (confirmations > 0 && inSync.length === confirmations) {
    const message = `${inSync.length}, just as many as confirm a write: writes wait as soon as one is missing`;
    found.push({ of, level: 'warning', subject: 'in sync', message });
  }
  if (maintenance || phase === 'manual') {
    const message = 'no failover begins by itself; end that with: quorate failover maintenance off, or resume';
    found.push({ of, level: 'warning', subject: 'maintenance', message });
  }
  for (const alarm of latest.alarms) found.push({ of, level: 'error', subject: 'alarm', message: String(alarm) });
  for (const { server, isFailing } of latest.servers) {
    if (!isFailing) continue;
    const message = `does not do what its manager asks; look at the log of ${latest.id}`;
    found.push({ of: server, level: 'warning', subject: 'operations', message });
  }
  return found;
}

function lineOf({ level, of, subject, message }: Examined, { outColours }: Terminal): string {
  const marks = {
    ok: outColours.green('ok     '),
    warning: outColours.yellow('warning'),
    error: outColours.red('error  '),
  };
  return `${marks[level]} ${of}: ${subject}: ${message}`;
}
