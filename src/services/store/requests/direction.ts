/** Which node to ask: the one that leads, as far as is known, and else one after the other. */

export interface Direction {
  /** The node that is taken for the leader. */
  readonly leader: string | undefined;
  /** A source that should know says who leads, if any node does. @returns whether that is news */
  leaderIs(node: string | undefined): boolean;
  /** `from` does not lead, and takes `hint` for the leader. */
  hinted(from: string, hint: string): void;
  /** `node` did not answer, or does not lead and knows of none that does. */
  doubt(node: string): void;
  /** `node` answered that it does not lead, without a hint. */
  denied(node: string): void;
  /** The node that leads, or one that passes requests on to it, or that may know; undefined when there is none. */
  target(): Target | undefined;
  /** The node for an answer that any may give: the nearest first, another one at each attempt. */
  nearest(attempts: number): Target | undefined;
}

export interface Target {
  readonly node: string;
  /** Whether the node shall pass requests on to the leader, which cannot be asked directly. */
  readonly forward: boolean;
}

/**
 * @param candidates the nodes to ask while it is not known who leads; the nearest first
 * @param reaches whether a node can be asked directly
 */
export function createDirection(candidates: () => readonly string[], reaches: (node: string) => boolean): Direction {
  let leader: string | undefined;
  let rotation = 0;

  const doubt = (node: string): void => {
    if (leader === node) leader = undefined;
    const nodes = candidates();
    // Only once for many answers of one node.
    if (nodes[rotation % nodes.length] === node) rotation += 1;
  };
  return {
    get leader() {
      return leader;
    },
    leaderIs(node) {
      const isNews = leader !== node;
      leader = node;
      return isNews;
    },
    hinted(from, hint) {
      // Others may have learnt of a still later leader meanwhile; only who was asked first changes the direction.
      if (leader === undefined || leader === from) leader = hint;
    },
    doubt,
    denied(node) {
      if (leader === node || leader === undefined) doubt(node);
    },
    target() {
      if (leader !== undefined && reaches(leader)) return { node: leader, forward: false };
      const nodes = candidates();
      const node = nodes[rotation % nodes.length];
      return node === undefined ? undefined : { node, forward: leader !== undefined };
    },
    nearest(attempts) {
      const nodes = candidates();
      const node = nodes[attempts % nodes.length];
      return node === undefined ? undefined : { node, forward: false };
    },
  };
}
