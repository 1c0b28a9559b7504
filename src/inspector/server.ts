/** Lets people watch: one node, or all nodes of a cluster on one page. What nobody views costs a node nothing. */

import type { Clock } from '../environment/clock.ts';
import type { Node } from '../host/node.ts';
import { gathering } from './gathering.ts';
import { showNode } from './stately.ts';
import { type InspectorServer, type InspectorServerOptions, serveViewers } from './viewers.ts';

export { InspectorPortError, type InspectorServer, type InspectorServerOptions } from './viewers.ts';

/**
 * Serves a node to viewers.
 *
 * @throws InspectorPortError when the port cannot be opened
 */
export const serveInspector = (node: Node, options: InspectorServerOptions = {}): Promise<InspectorServer> =>
  serveViewers((send) => showNode(node, { send }), options);

/** The inspectors that are gathered. */
export interface Gathered {
  readonly clock: Clock;
  /** The inspector's URL of each node, by the node's id, as it is now: a node that is started again may have another. */
  urls(): ReadonlyMap<string, string>;
}

/**
 * Serves several nodes on one page, by way of their own inspectors; those that cannot be reached are asked again.
 *
 * @throws InspectorPortError when the port cannot be opened
 */
export const gatherInspectors = (gathered: Gathered, options: InspectorServerOptions = {}): Promise<InspectorServer> =>
  serveViewers((send) => gathering(gathered, send), options);
