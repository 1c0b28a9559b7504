/**
 * The guard of a store of keys and values: bearers of tokens may ask of it over the bus what `rights.ts` lists, as over HTTP, and
 * what any client changes, or was refused, is told to the audit log.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { ClientIdentity } from '../../bus/bus.ts';
import type { Clock } from '../../environment/clock.ts';
import { answerIn } from '../store/key-value/answers.ts';
import type { CallbackExecutor, Done } from '../store/requests/contract.ts';
import type { Guard, Verdict } from '../store/requests/guard.ts';
import type { Request, Response } from '../store/requests/wire.ts';
import { asJudged, askedBy, isRead, subjectOf } from './asked.ts';
import { type Audit, createRefusalBudget } from './audit.ts';
import type { Grant, Need } from './grants.ts';
import { keyOfToken } from './idempotency.ts';
import { outcomeOf } from './outcome.ts';
import { type Asked, forbidden, type LeaseNeed, leasesOf, uncovered, uncoveredOfLease } from './rights.ts';

export interface GuardParts {
  /** What the token of a name may do now; undefined for one that is not listed. The same object as long as it is the same. */
  grantOf(token: string): Grant | undefined;
  /** Told who has changed what, and who was refused; by default none is. */
  readonly audit?: Audit | undefined;
  readonly clock: Clock;
}

/** A request that is judged, and for whom. */
interface Case {
  readonly request: Request;
  readonly client: ClientIdentity;
  readonly asked: Asked;
}

/** Makes a guard. Clients without a token may do everything: the transport lets in those alone that may. */
export function createStoreGuard({ grantOf, audit, clock }: GuardParts): Guard {
  const isToldOf = createRefusalBudget(clock);
  const tell = (it: Case, response: Response): void => {
    if (audit === undefined) return;
    const isForbidden = response.status === 'refused' && response.reason === 'forbidden';
    const outcome = isRead(it.asked) && !isForbidden ? undefined : outcomeOf(response);
    const untold = isForbidden ? isToldOf() : 0;
    if (outcome === undefined || untold === undefined) return;
    audit({ ...headOf(it), ...outcome, ...(untold === 0 ? {} : { untold }) });
  };
  /** A question may wait for long, and its answer is for those that may have it now, and have what it tells. */
  const asOfNow = (grant: Grant, { asked }: Case, response: Response): Response => {
    if (grantOf(grant.name) !== grant) return forbiddenTo(response.id, whyUnlisted(grant.name));
    const need = foundUncovered(grant, asked, response);
    return need === undefined ? response : forbiddenTo(response.id, whyForbidden(grant, need, asked));
  };
  const answered = (it: Case, grant?: Grant): Pick<Extract<Verdict, { type: 'admitted' }>, 'answered'> => {
    const { body } = it.request;
    const isWaited = grant !== undefined && body.type === 'query';
    if (!isWaited && (audit === undefined || isRead(it.asked))) return {};
    return {
      answered(response) {
        const told = isWaited ? asOfNow(grant, it, response) : response;
        tell(it, told);
        return told;
      },
    };
  };

  return {
    judge(request, client, ask, done) {
      const { token } = client;
      if (token === undefined && audit === undefined) {
        done({ type: 'admitted', request });
        return;
      }
      const it: Case = { request, client, asked: askedBy(request.body) };
      if (token === undefined) {
        done({ type: 'admitted', request, ...answered(it) });
        return;
      }
      const refuse = (response: Response): void => {
        tell(it, response);
        done({ type: 'refused', response });
      };
      const grant = grantOf(token);
      if (grant === undefined) {
        refuse(forbiddenTo(request.id, whyUnlisted(token)));
        return;
      }
      const judged = (need: Need | undefined): void => {
        if (need !== undefined) refuse(forbiddenTo(request.id, whyForbidden(grant, need, it.asked)));
        else done({ type: 'admitted', request: asOfToken(grant, request), ...answered(it, grant) });
      };
      const need = uncovered(grant, it.asked);
      const leases = need === undefined ? leasesOf(grant, it.asked) : [];
      if (leases.length === 0) judged(need);
      else judgeLeases({ grant, leases, request, ask }, judged, () => refuse(notReady(request.id)));
    },
  };
}

interface LeaseCase {
  readonly grant: Grant;
  readonly leases: readonly LeaseNeed[];
  readonly request: Request;
  readonly ask: CallbackExecutor['queryThen'];
}

/** Looks at the keys of leases, one lease after the other. */
function judgeLeases(it: LeaseCase, judged: (need: Need | undefined) => void, failed: () => void): void {
  const [first, ...others] = it.leases;
  if (first === undefined) {
    judged(undefined);
    return;
  }
  const deadlineMs = Math.max(1, it.request.waitMs);
  const answered: Done = (error, value) => {
    if (error !== undefined) {
      failed();
      return;
    }
    const need = uncoveredOfLease(it.grant, first, keysOfLease(value));
    if (need !== undefined) judged(need);
    else judgeLeases({ ...it, leases: others.filter(({ lease }) => lease !== first.lease) }, judged, failed);
  };
  try {
    it.ask({ type: 'lease', lease: first.lease }, { deadlineMs }, answered);
  } catch (error) {
    // In the turn that has answered for another lease, it would reach none that could answer the client.
    if (!(error instanceof QuorateError)) throw error;
    failed();
  }
}

/** What an answer tells of a lease that the grant does not cover: a key may have joined it since it was looked at. */
function foundUncovered(grant: Grant, asked: Asked, response: Response): Need | undefined {
  if (asked.type !== 'lease' || response.status !== 'done') return undefined;
  const [whole] = leasesOf(grant, asked);
  return whole && uncoveredOfLease(grant, whole, keysOfLease(response.value));
}

/** None of a lease that has ended: what is asked of that comes to nothing. */
function keysOfLease(value: unknown): readonly string[] {
  const answer = answerIn(value);
  return answer !== null && 'type' in answer && answer.type === 'lease' ? answer.keys : [];
}

/** What the store is asked for a token. */
function asOfToken({ name, prefixes }: Grant, request: Request): Request {
  const judged = asJudged(request, prefixes);
  const { body } = judged;
  return body.type === 'keyed' ? { ...judged, body: { ...body, key: keyOfToken(name, body.key) } } : judged;
}

const headOf = ({ request, client, asked }: Case) => ({
  who: client.token ?? (client.isProven ? 'clients' : 'open'),
  from: client.remote,
  method: 'TCP',
  route: asked.type,
  ...subjectOf(asked, request.body),
});

const forbiddenTo = (id: number, detail: string): Response => ({ id, status: 'refused', reason: 'forbidden', detail });
const notReady = (id: number): Response => ({ id, status: 'refused', reason: 'not-ready' });

const whyUnlisted = (token: string): string =>
  `what the token of '${token}' may do is not what it was, or nothing any more; ask again, or have an operator list it`;

function whyForbidden(grant: Grant, need: Need, asked: Asked): string {
  const what = 'key' in asked ? `${asked.type} '${asked.key.slice(0, 200)}'` : asked.type;
  const { message, whatToDo } = forbidden(grant, need, what);
  return `${message}; ${whatToDo}`;
}
