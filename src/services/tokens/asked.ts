/** What a request over the bus asks for, as far as rights and the audit log go. */

import { decodeCommand, encodeCommand } from '../store/key-value/commands.ts';
import { questionIn } from '../store/key-value/questions.ts';
import type { Body, Request } from '../store/requests/wire.ts';
import { type AuditEntry, cut, toldKeys } from './audit.ts';
import type { Asked } from './rights.ts';

/** What a body asks of the store of keys and values. What does not read as anything known is for admins alone. */
export function askedBy(body: Body): Asked {
  switch (body.type) {
    case 'command':
    case 'keyed': {
      const command = decodeCommand(body.command);
      return typeof command === 'string' ? { type: 'other' } : command;
    }
    case 'query':
      return questionIn(body.question) ?? { type: 'other' };
    case 'tick':
      return { type: 'other' };
    default:
      return body;
  }
}

/**
 * A request with what was judged in the place of what came: a node of a later release, to which it may be passed on, could
 * read more in a question or command than this one did. A command takes with it which keys its token may write: those of a
 * lease are judged again when it is applied, as others may have joined them by then.
 */
export function asJudged(request: Request, prefixes: readonly string[] | undefined): Request {
  const { body } = request;
  if (body.type === 'command' || body.type === 'keyed') {
    const command = decodeCommand(body.command);
    if (typeof command === 'string') return request;
    const judged = prefixes === undefined ? command : { ...command, within: prefixes };
    return { ...request, body: { ...body, command: encodeCommand(judged) } };
  }
  if (body.type !== 'query') return request;
  const question = questionIn(body.question);
  return question === undefined ? request : { ...request, body: { ...body, question } };
}

const readTypes: ReadonlySet<Asked['type']> = new Set([
  'get',
  'history',
  'range',
  'changes',
  'lease',
  'status',
  'members',
  'leader',
  'revision',
  'register',
  'close',
  'namespaces',
]);

/** Whether a request changes nothing but the client's own session. */
export const isRead = ({ type }: Asked): boolean => readTypes.has(type);

/** What a request is about, as the audit log has it. */
export function subjectOf(asked: Asked, body: Body): Pick<AuditEntry, 'keys' | 'lease' | 'namespace' | 'nodes'> {
  if (body.type === 'replace') return { nodes: [body.leaving, body.joining].map(cut) };
  if (body.type === 'reconfigure') return { nodes: [cut(body.step.node)] };
  if (body.type === 'handOver') return 'to' in body ? { nodes: [cut(body.to)] } : {};
  if ('name' in asked && typeof asked.name === 'string') return { namespace: cut(asked.name) };
  const lease = 'lease' in asked && asked.lease !== undefined ? { lease: String(asked.lease) } : {};
  if (asked.type !== 'transaction') return { ...('key' in asked ? toldKeys([asked.key]) : {}), ...lease };
  const written = [...asked.success, ...asked.failure].filter(({ type }) => type !== 'get');
  return toldKeys(written.map(({ key }) => key));
}
