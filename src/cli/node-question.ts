/** What commands that administer a store ask of a node, whose answer is read and whose refusal says whether it happened. */

import * as v from 'valibot';
import {
  type AskedNode,
  jsonTold,
  type NodeRequest,
  NodeRequestError,
  problemIn,
  requestNode,
} from './node-request.ts';

/** What a node is asked, and how its answer reads. */
export interface Question<Schema extends v.GenericSchema> extends NodeRequest {
  readonly answer: Schema;
  /** What to do where it is not known whether it happened. */
  readonly ifUnknown: string;
}

/** @throws NodeRequestError when none answers, or it refuses */
export async function ask<Schema extends v.GenericSchema>(
  options: AskedNode,
  { answer: schema, ifUnknown, ...request }: Question<Schema>,
): Promise<v.InferOutput<Schema>> {
  const answer = await requestNode(options, request, request.method === 'GET' ? '' : `; ${ifUnknown}`);
  const parsed = v.safeParse(schema, jsonTold(answer.text));
  if (answer.isOk && parsed.success) return parsed.output;
  const { code, message, whatToDo, outcome } = problemIn(options, answer);
  const isKnown = outcome === 'did-not-happen';
  throw new NodeRequestError(
    code,
    isKnown ? `${message}; nothing has changed: ${whatToDo}` : `${message}; ${ifUnknown}`,
  );
}
