/**
 * What a script of one's own reads and prints.
 *
 * | request              | what the server does                                                        | prints    |
 * | -------------------- | --------------------------------------------------------------------------- | --------- |
 * | `probe`              | nothing                                                                     | `{ "probe": "answers" }`, or `refused` where nothing listens |
 * | `look`               | nothing                                                                     | a status  |
 * | `claim`              | keeps `term`, durably; from now on it refuses all that comes with another one | a status |
 * | `fence`              | takes nothing from a primary and no writes, after a restart too             | a status  |
 * | `promote`            | takes writes; keeps `{ epoch, version }` in its data; begins another history  | a status |
 * | `confirmWith`        | keeps `{ epoch, version }`, and answers when all of `inSync` hold what it does | a status |
 * | `follow`             | takes the data of `primary`, gives up its own where they differ, and says so | a status |
 * | `start`, `stop`      | starts or ends the process                                                  | a status  |
 *
 * A status is `ServerStatus` with `term`, the highest that the server was claimed with (0 before that). It says no with
 * `{ "refused": "CLAIM_LOST" | "NOT_POSSIBLE", "message": "..." }`, and only when nothing has happened. An exit code other than 0, and
 * an answer that does not come in time, leave open whether something has. All requests mean the same when they come again.
 */

import * as v from 'valibot';
import { type ServerOperation, serverStatus } from '../../../../statecharts/failover/servers.ts';
import { messageOf } from '../../../environment/message.ts';
import { ResourceUnreachableError } from '../../errors.ts';
import type { ProbeResult } from '../server.ts';

/** What a script reads. */
export type ScriptRequest = (ServerOperation | { readonly type: 'probe' }) & {
  readonly group: string;
  /** Which of the servers is meant. */
  readonly server: string;
  readonly manager: string;
  readonly servers: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
};

const refusal = v.object({ refused: v.picklist(['CLAIM_LOST', 'NOT_POSSIBLE']), message: v.string() });
const status = v.object({ ...serverStatus.entries, term: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) });
const answer = v.union([refusal, status]);
const probe = v.object({ probe: v.picklist(['answers', 'refused', 'silent']) });

export type ScriptAnswer = Readonly<v.InferOutput<typeof answer>>;

/** @throws ResourceUnreachableError for what is none, which leaves open what has happened */
export const answerIn = (text: string, server: string): ScriptAnswer => parse(answer, text, server);

/** @throws ResourceUnreachableError */
export const probeIn = (text: string): ProbeResult => parse(probe, text, 'a probe').probe;

function parse<T>(schema: v.GenericSchema<unknown, T>, text: string, whose: string): T {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw new ResourceUnreachableError(
      `expected the script of '${whose}' to print a status or a refusal as JSON, got ${JSON.stringify(text.slice(0, 200))}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
