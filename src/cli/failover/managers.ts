/** Asking the managers of a group over HTTP: how each sees it, and what the one in office is to do. */

import * as v from 'valibot';
import { foundingObstacles, phases, reasons, transition } from '../../../statecharts/failover.ts';
import type { HostPort } from '../../bus/tcp.ts';
import { jsonIn } from '../../services/http/json.ts';
import { answerTo, type Credentials, credentialsOf, NodeRequestError, problemTold } from '../node-request.ts';
import { textOf } from '../options.ts';
import type { LocatedConfig } from './config/read.ts';

const name = v.nullable(v.string());
const count = v.number();

/** Whose managers are asked, and the files of their authority and its list of revoked certificates, where they speak TLS. */
export interface Asked extends LocatedConfig {
  readonly ca?: string | undefined;
  readonly crl?: string | undefined;
}

/** How a manager sees its group: what commands show of it. */
export const managerStatus = v.looseObject({
  id: v.string(),
  role: name,
  alarms: v.array(v.unknown()),
  obstacle: v.nullable(v.object({ why: v.picklist(foundingObstacles), servers: v.array(v.string()) })),
  servers: v.array(
    v.looseObject({
      server: v.string(),
      address: v.string(),
      opinion: v.string(),
      role: name,
      isPrimary: v.boolean(),
      isInSync: v.boolean(),
      lagBytes: v.nullable(count),
      isFailing: v.boolean(),
    }),
  ),
  standing: v.looseObject({
    revision: count,
    term: count,
    manager: name,
    phase: v.picklist(phases),
    reason: v.nullable(v.picklist(reasons)),
    epoch: count,
    primary: v.nullable(v.looseObject({ server: v.string() })),
    inSync: v.array(v.looseObject({ server: v.string() })),
    maintenance: v.boolean(),
    loss: v.nullable(v.looseObject({ epoch: count, bytes: v.nullable(count), seenBytes: v.nullable(count) })),
  }),
});
export type ManagerStatus = v.InferOutput<typeof managerStatus>;
export const managerHistory = v.object({ transitions: v.array(transition) });

/** A group as its managers tell it together. */
export interface GroupStatus {
  readonly group: string;
  /** Of the manager that knows most; undefined when none answers. */
  readonly latest: ManagerStatus | undefined;
  /** Each manager of the file, with the role that it has; null when it does not answer. */
  readonly managers: Readonly<Record<string, string | null>>;
}

/** How long a manager may take to say how it sees the group, and to do what it is asked, in milliseconds. */
const lookMs = 2_000;
const doMs = 15_000;

/** The managers that a configuration names. */
export class Managers {
  readonly #group: string;
  readonly #places: ReadonlyMap<string, HostPort>;
  readonly #credentials: Credentials;

  /** @throws SecretFileError; FileError when the authority cannot be read */
  constructor({ config, locate, ca, crl }: Asked) {
    this.#group = config.group;
    this.#places = new Map(Object.entries(config.managers).map(([id, { http }]) => [id, http]));
    this.#credentials = credentialsOf({
      ...(config.secretFile === undefined ? {} : { secretFile: locate(config.secretFile) }),
      ...(ca === undefined ? {} : { ca }),
      ...(crl === undefined ? {} : { crl }),
    });
  }

  /** Asks all of them how they see the group. */
  async status(): Promise<GroupStatus> {
    const seen = await Promise.all(
      [...this.#places].map(async ([id, http]): Promise<readonly [string, ManagerStatus | undefined]> => {
        try {
          return [id, await this.#ask(http, { path: '/failover/status', answer: managerStatus, timeoutMs: lookMs })];
        } catch (error) {
          if (error instanceof NodeRequestError) return [id, undefined];
          throw error;
        }
      }),
    );
    const answers = seen.flatMap(([, status]) => status ?? []);
    const latest = answers.sort((one, other) => rank(other) - rank(one))[0];
    const managers = Object.fromEntries(
      seen.map(([id, status]) => [id, status === undefined ? null : (status.role ?? 'waiting')]),
    );
    // What the manager in office says of the servers counts: the others do not look at them.
    const inOffice = answers.find(({ id }) => id === latest?.standing.manager);
    return { group: this.#group, latest: inOffice ?? latest, managers };
  }

  /**
   * Asks the manager in office.
   *
   * @throws NodeRequestError when there is none, or it refuses, or does not answer
   */
  async command<Schema extends v.GenericSchema>(
    path: string,
    answer: Schema,
    body?: object,
  ): Promise<v.InferOutput<Schema>> {
    const id = (await this.status()).latest?.standing.manager ?? undefined;
    const http = id === undefined ? undefined : this.#places.get(id);
    if (http === undefined) {
      throw new NodeRequestError(
        'NO_MANAGER_IN_OFFICE',
        `expected a manager of '${this.#group}' in office, got none; see that a majority of them runs: quorate failover status`,
      );
    }
    return await this.#ask(http, { path, answer, timeoutMs: doMs, body: body ?? {} });
  }

  /** Asks what the manager that knows most has noted. @throws NodeRequestError */
  async history(): Promise<v.InferOutput<typeof managerHistory>> {
    const { latest } = await this.status();
    const http = latest === undefined ? undefined : this.#places.get(latest.id);
    if (http === undefined) throw noneAnswers(this.#group);
    return await this.#ask(http, { path: '/failover/history', answer: managerHistory, timeoutMs: lookMs });
  }

  async #ask<Schema extends v.GenericSchema>(
    http: HostPort,
    asked: { readonly path: string; readonly answer: Schema; readonly timeoutMs: number; readonly body?: object },
  ): Promise<v.InferOutput<Schema>> {
    const { path, answer, timeoutMs, body } = asked;
    const unreachable = (why: string): NodeRequestError => {
      const isUnknown = body === undefined ? '' : '; whether it happened is not known: quorate failover status tells';
      return new NodeRequestError(
        'MANAGER_UNREACHABLE',
        `expected an answer of a manager at ${textOf(http)} within ${timeoutMs} ms, got none (${why})${isUnknown}`,
      );
    };
    const request = { method: body === undefined ? 'GET' : 'POST', path, json: body, timeoutMs } as const;
    const answered = await answerTo(request, http, this.#credentials, unreachable);
    if (!answered.isOk) {
      const { code, message, whatToDo, outcome } = problemTold(http, answered);
      const isUnknown = outcome === 'unknown' ? '; whether it happened is not known' : '';
      throw new NodeRequestError(code, `${message}; ${whatToDo}${isUnknown}`);
    }
    const parsed = v.safeParse(answer, jsonIn(answered.text));
    if (parsed.success) return parsed.output;
    throw new NodeRequestError(
      'NOT_A_MANAGER',
      `what answers at ${textOf(http)} is no manager like this command knows`,
    );
  }
}

/** What a manager knows last: the later the standing, the more it counts. */
const rank = ({ standing }: ManagerStatus): number => standing.revision;

export const noneAnswers = (group: string): NodeRequestError =>
  new NodeRequestError(
    'NO_MANAGER_ANSWERS',
    `expected an answer of a manager of '${group}', got none; start them: quorate failover --config FILE, or name their authority with --ca if they speak TLS`,
  );
