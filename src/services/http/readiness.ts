/**
 * What supervisors ask of a node: whether it lives (`/healthz`: start it again if not), and whether it is ready
 * (`/readyz`: send requests elsewhere if not). A node without a majority lives, and is not ready.
 */

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Node } from '../../host/node.ts';
import type { Standing } from '../lives/standing.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';

export interface ReadinessParts {
  readonly node: Pick<Node, 'isRunning'>;
  readonly store: Pick<ReplicatedStore, 'status'>;
  /** How the node stands with its peers. */
  readonly standing?: (() => Standing) | undefined;
}

/** Why a node is not ready, for people; none when it is. */
export function obstaclesOf({ node, store, standing }: ReadinessParts): readonly string[] {
  const { leader, isCaughtUp } = store.status();
  const { isSuspended, awaiting, refusedBy } = standing?.() ?? noStanding;
  const doubting = [...awaiting, ...Object.keys(refusedBy)].sort();
  return [
    ...(node.isRunning ? [] : ['the node has stopped']),
    ...(isSuspended ? [`it takes no part before ${doubting.join(', ')} vouch for its journal`] : []),
    ...(leader === undefined ? ['no leader with a majority is known'] : []),
    ...(isCaughtUp ? [] : ['it has not applied yet what it had when it was started']),
  ];
}

const noStanding: Standing = { isSuspended: false, awaiting: [], refusedBy: {} };

/** Answers 200 without obstacles, else 503 with them. */
export function sendReadiness(reply: FastifyReply, obstacles: readonly string[], more: object = {}): FastifyReply {
  const isReady = obstacles.length === 0;
  return reply.status(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not-ready', ...more, obstacles });
}

/** Adds `GET /healthz` and `GET /readyz`. */
export function addReadinessRoutes(app: FastifyInstance, parts: ReadinessParts): void {
  const { node, store } = parts;
  app.get('/healthz', async (_request, reply) => {
    const { leader = null } = store.status();
    return reply.status(node.isRunning ? 200 : 503).send({ status: node.isRunning ? 'ok' : 'stopped', leader });
  });
  app.get('/readyz', async (_request, reply) => {
    const { leader = null } = store.status();
    return sendReadiness(reply, obstaclesOf(parts), { leader });
  });
}
