/**
 * Hooks: commands and webhooks that are told of the transitions of a group, by the manager that is in office. Each hook is told of one
 * after another, in order; it has its time, and so many that wait. No failover waits for a hook, and what one answers changes
 * nothing.
 */

import type { Phase, Transition } from '../../../statecharts/failover.ts';
import type { Clock } from '../../environment/clock.ts';
import { messageOf } from '../../environment/message.ts';
import { runCommand } from '../../resources/managed/command.ts';

/** What is told, and how. */
export interface Hook {
  /** The phases with whose beginning it is called; all by default. */
  readonly on?: readonly Phase[];
  /** A program and its arguments; it reads the event as JSON. */
  readonly command?: readonly string[];
  /** Where the event is posted as JSON. */
  readonly url?: string;
  /** How long a call may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

/** What a hook is told. */
export interface HookEvent extends Transition {
  readonly group: string;
}

export interface HooksParts {
  readonly group: string;
  /** Whose transitions are told: what others did, they tell. */
  readonly manager: string;
  readonly hooks: readonly Hook[];
  /** In which the group was before the first transition; undefined where that is not known. */
  readonly phase?: Phase | undefined;
  readonly clock: Clock;
  /** Hears of calls that failed, and of those that were left out. */
  readonly onFailure: (hook: string, why: string) => void;
}

export interface Hooks {
  /** Takes note of a transition, whoever made it, and has the hooks called that want to hear of it. */
  call(transition: Transition): void;
  /** Waits for what is under way, and begins nothing more. */
  close(): Promise<void>;
}

/** Events that wait for one hook; of more, the newest are left out. */
const waitingLimit = 100;
const defaultTimeoutMs = 10_000;

export function createHooks({ group, manager, hooks, phase, clock, onFailure }: HooksParts): Hooks {
  let isClosed = false;
  const callers = hooks.map((hook) => {
    const name = hook.url ?? hook.command?.join(' ') ?? 'a hook';
    const waiting: HookEvent[] = [];
    let working: Promise<void> | undefined;
    const work = async (): Promise<void> => {
      for (let event = waiting.shift(); event !== undefined && !isClosed; event = waiting.shift()) {
        await callHook(hook, event, clock).catch((error: unknown) => onFailure(name, messageOf(error)));
      }
      working = undefined;
    };
    return {
      hears: ({ phase }: Transition): boolean => hook.on === undefined || hook.on.includes(phase),
      call(event: HookEvent): void {
        if (waiting.length >= waitingLimit) {
          onFailure(name, `${waitingLimit} events wait already; it was not told of revision ${event.revision}`);
          return;
        }
        waiting.push(event);
        working ??= work();
      },
      ended: async (): Promise<void> => working,
    };
  });
  let lastPhase = phase;
  return {
    call(transition) {
      const isNew = transition.phase !== lastPhase;
      lastPhase = transition.phase;
      if (!isNew || isClosed || transition.manager !== manager) return;
      for (const caller of callers) if (caller.hears(transition)) caller.call({ group, ...transition });
    },
    async close() {
      isClosed = true;
      await Promise.all(callers.map((it) => it.ended()));
    },
  };
}

/** @throws Error that says how it failed */
async function callHook(hook: Hook, event: HookEvent, clock: Clock): Promise<void> {
  const { command, url, timeoutMs = defaultTimeoutMs } = hook;
  const body = JSON.stringify(event);
  if (command !== undefined) {
    const { exitCode, stderr } = await runCommand(command, { clock, timeoutMs, input: body, maxOutputBytes: 4_096 });
    if (exitCode !== 0) throw new Error(`it ended with ${exitCode ?? 'a signal'}: ${stderr.trim().slice(0, 300)}`);
  }
  if (url !== undefined) await post(url, body, timeoutMs, clock);
}

async function post(url: string, body: string, timeoutMs: number, clock: Clock): Promise<void> {
  const ending = new AbortController();
  const timeout = clock.setTimeout(() => ending.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: ending.signal,
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
  } finally {
    clock.clearTimeout(timeout);
  }
}
