/** The members of the store over HTTP: who takes part, each change of that, and which of them leads. */

import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { isId } from '../../../statecharts/actor.ts';
import { isPlace } from '../../../statecharts/raft.ts';
import type { LogMembers, MemberStep } from '../store/log/members.ts';
import type { ReplicatedStore } from '../store/replicated-store.ts';
import { bodyOf, isEmptyBody, jsonOfBody } from './json.ts';

const isHost = (host: string): boolean => isPlace(`${host}:1`);

const id = v.pipe(v.string(), v.check(isId, 'expected the id of a node'));
const host = v.pipe(v.string(), v.check(isHost, 'expected a name or an address, [..] for IPv6'));
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));

/** The bodies of `POST /members/add` and `POST /members/move`, and of the others. */
const placedNode = v.strictObject({ id, host, port });
const node = v.strictObject({ id });

/** The body of `POST /members/replace`. */
const replacement = v.strictObject({
  old: id,
  new: placedNode,
});

/** The body of `POST /members/leader`, which may be empty. */
const succession = v.strictObject({
  to: v.exactOptional(id),
});

/** Longer than other requests, as a snapshot may have to travel. A shorter wait is the asker's to choose. */
const replaceDeadlineMs = 30_000;

/** Adds `GET /members`, and `POST /members/` with `replace`, `add`, `promote`, `remove`, `move` and `leader`. */
export function addMemberRoutes(app: FastifyInstance, store: ReplicatedStore, deadlineMs: number): void {
  app.get('/members', async (_request, reply) => {
    const members = await store.members({ deadlineMs });
    return reply.header('cache-control', 'no-store').send(members);
  });
  app.post('/members/replace', async (request, reply) => {
    const example = '{"old": "n3", "new": {"id": "n4", "host": "10.0.0.4", "port": 4801}}';
    const { old, new: joining } = bodyOf(replacement, jsonOfBody(request.body), example);
    const place = `${joining.host}:${joining.port}`;
    const change = { leaving: old, joining: joining.id, place };
    const members = await store.replaceMember(change, { deadlineMs: Math.max(deadlineMs, replaceDeadlineMs) });
    return reply.send(members);
  });
  const change = (step: MemberStep): Promise<LogMembers> =>
    store.changeMember(step, { deadlineMs: Math.max(deadlineMs, replaceDeadlineMs) });
  for (const kind of ['add', 'move'] as const) {
    app.post(`/members/${kind}`, async (request, reply) => {
      const example = '{"id": "n4", "host": "10.0.0.4", "port": 4801}';
      const { id: named, ...at } = bodyOf(placedNode, jsonOfBody(request.body), example);
      return reply.send(await change({ kind, node: named, place: `${at.host}:${at.port}` }));
    });
  }
  for (const kind of ['promote', 'remove'] as const) {
    app.post(`/members/${kind}`, async (request, reply) => {
      const { id: named } = bodyOf(node, jsonOfBody(request.body), '{"id": "n4"}');
      return reply.send(await change({ kind, node: named }));
    });
  }
  app.post('/members/leader', async (request, reply) => {
    const { body } = request;
    const { to } = bodyOf(succession, isEmptyBody(body) ? {} : jsonOfBody(body), '{"to": "n2"}, or nothing');
    return reply.send({ leader: await store.handOver(to, { deadlineMs }) });
  });
}
