/**
 * Faults of one line each, put into rules, host, journal and services on purpose. Each must be noticed by the tests named
 * beside it; a fault that no test notices is a rule that nothing holds. The texts must stand in their files exactly once,
 * so that code which moves takes its mutations with it.
 */

export interface Mutation {
  /** What is wrong then, as a sentence. */
  readonly name: string;
  readonly file: string;
  /** A text of `file` that occurs once, and what stands in its place. */
  readonly text: string;
  readonly becomes: string;
  /** Files or folders of tests, the quickest that must notice. */
  readonly tests: readonly string[];
}

const raft = ['test/statecharts/raft'];
const commit = ['test/statecharts/two-phase-commit'];
const wire = ['test/bus/tcp-secret.test.ts'];

export const mutations: readonly Mutation[] = [
  {
    name: 'a vote is answered before it is durable',
    file: 'statecharts/raft/rules/election.ts',
    text: "effects: [persist({ type: 'term-and-vote', term, votedFor: from }), reply]",
    becomes: "effects: [reply, persist({ type: 'term-and-vote', term, votedFor: from })]",
    tests: raft,
  },
  {
    name: 'a server votes twice in a term',
    file: 'statecharts/raft/rules/election.ts',
    text: '(context.votedFor === null || context.votedFor === message.from) &&',
    becomes: 'context.votedFor !== undefined &&',
    tests: raft,
  },
  {
    name: 'a shorter log of the same term is up to date',
    file: 'statecharts/raft/rules/election.ts',
    text: 'asker.lastIndex >= log.lastIndex',
    becomes: 'asker.lastIndex <= log.lastIndex',
    tests: raft,
  },
  {
    name: 'a vote of an earlier term counts',
    file: 'statecharts/raft/rules/election.ts',
    text: 'message.granted && message.term === context.term ?',
    becomes: 'message.granted ?',
    tests: raft,
  },
  {
    name: 'a vote counts twice',
    file: 'statecharts/raft/rules/election.ts',
    text: 'election === null || election.votes.includes(voter) ||',
    becomes: 'election === null ||',
    tests: raft,
  },
  {
    name: 'an append is taken whatever stands before it',
    file: 'statecharts/raft/rules/following.ts',
    text: '!isCompacted && log.termAt(previousIndex) !== previousTerm',
    becomes: '!isCompacted && log.termAt(previousIndex) === undefined',
    tests: raft,
  },
  {
    name: 'entries are acknowledged before they are durable',
    file: 'statecharts/raft/rules/following.ts',
    text: '[...effects, entriesWritten(news), reply]',
    becomes: '[...effects, reply, entriesWritten(news)]',
    tests: raft,
  },
  {
    name: 'a follower takes everything that is committed for its own',
    file: 'statecharts/raft/rules/following.ts',
    text: 'Math.min(message.commitIndex, matchIndex)',
    becomes: 'Math.min(message.commitIndex, grown.log.lastIndex)',
    tests: raft,
  },
  {
    name: 'a leader may contradict what is committed',
    file: 'statecharts/raft/rules/following.ts',
    text: 'if (keptIndex < commitIndex) {',
    becomes: 'if (keptIndex < 0) {',
    tests: raft,
  },
  {
    name: 'entries of earlier terms are committed by counting',
    file: 'statecharts/raft/rules/leading.ts',
    text: 'return index > commitIndex && log.termAt(index) === term ? index : commitIndex;',
    becomes: 'return index > commitIndex ? index : commitIndex;',
    tests: raft,
  },
  {
    name: 'a leader counts what it has not made durable',
    file: 'statecharts/raft/rules/leading.ts',
    text: 'voter === self ? leadership.durableIndex :',
    becomes: 'voter === self ? log.lastIndex :',
    tests: raft,
  },
  {
    name: 'a read takes part in a round that began before it',
    file: 'statecharts/raft/rules/leading.ts',
    text: 'index: commitIndex, round: leadership.round + 1 }',
    becomes: 'index: commitIndex, round: leadership.round }',
    tests: raft,
  },
  {
    name: 'a leader stays without a quorum',
    file: 'statecharts/raft/rules/leading.ts',
    text: 'return isMet(quorumOf(configuration), isHeard) && durableIndex >= dueDurableIndex;',
    becomes: 'return durableIndex >= dueDurableIndex;',
    tests: raft,
  },
  {
    name: 'one majority suffices in a joint configuration',
    file: 'statecharts/raft/configuration.ts',
    text: 'nextVoters === null ? majorityOf(voters) : jointOf(majorityOf(voters), majorityOf(nextVoters));',
    becomes: 'nextVoters === null ? majorityOf(voters) : majorityOf(nextVoters);',
    tests: raft,
  },
  {
    name: 'a change begins while the last one is not committed',
    file: 'statecharts/raft/rules/membership.ts',
    text: "if (isChanging(configuration) || !isConfigurationCommitted(context)) return 'change-under-way';",
    becomes: "if (!isConfigurationCommitted(context)) return 'change-under-way';",
    tests: raft,
  },
  {
    name: 'a configuration that is cut off stays in force',
    file: 'statecharts/raft/rules/following.ts',
    text: "configuration.index <= keptIndex && news.every(({ kind }) => kind !== 'configuration')",
    becomes: "news.every(({ kind }) => kind !== 'configuration')",
    tests: raft,
  },
  {
    name: 'a leader that has left leads on',
    file: 'statecharts/raft/rules/membership.ts',
    text: 'isConfigurationCommitted(context) && !isVoter(context.configuration, context.self);',
    becomes: 'false;',
    tests: raft,
  },
  {
    name: 'nothing waits for the disk',
    file: 'src/host/outbox.ts',
    text: 'batch += 1;',
    becomes: 'batch += 0;',
    tests: ['test/host/outbox.test.ts'],
  },
  {
    name: 'a flush gives up what waits for the next one',
    file: 'src/host/outbox.ts',
    text: 'outbox.waiting.filter((it) => it.batch <= batch)',
    becomes: 'outbox.waiting.filter((it) => it.batch <= batch + 1)',
    tests: ['test/host'],
  },
  {
    name: 'an answer to another operation is a yes',
    file: 'statecharts/two-phase-commit/participant/rules.ts',
    text: "id === operationId(context, 'prepare') && answerOf(preparedAnswer, result)?.vote === 'yes',",
    becomes: "answerOf(preparedAnswer, result)?.vote === 'yes',",
    tests: commit,
  },
  {
    name: 'a second decision replaces the first',
    file: 'statecharts/two-phase-commit/participant/rules.ts',
    text: 'outcome: context.outcome ?? outcome,',
    becomes: 'outcome,',
    tests: commit,
  },
  {
    name: 'a participant found prepared may vote again',
    file: 'statecharts/two-phase-commit/participant/rules.ts',
    text: "begun !== 'found'",
    becomes: "begun !== 'summoned'",
    tests: commit,
  },
  {
    name: 'the second vote of a branch counts as well',
    file: 'statecharts/two-phase-commit/coordinator/rules/votes.ts',
    text: "if (voter?.vote !== 'awaited') return {};",
    becomes: 'if (voter === undefined) return {};',
    tests: commit,
  },
  {
    name: 'a coordinator commits while a vote is awaited',
    file: 'statecharts/two-phase-commit/coordinator/rules/votes.ts',
    text: "it === decider || it.vote === 'yes' || it.vote === 'read-only'",
    becomes: "it === decider || it.vote !== 'no'",
    tests: commit,
  },
  {
    name: 'a commit is forgotten before all have acknowledged it',
    file: 'statecharts/two-phase-commit/coordinator/rules/branches.ts',
    text: "(context.outcome === 'committed' || context.registered)",
    becomes: 'context.registered',
    tests: commit,
  },
  {
    name: 'a repeated request of a session is applied again',
    file: 'src/services/store/sessions/machine.ts',
    text: "if (results.has(sequence)) return { type: 'applied', result: results.get(sequence) };",
    becomes: '',
    tests: ['test/services/store/sessions.test.ts'],
  },
  {
    name: 'a request that was answered long ago is applied again',
    file: 'src/services/store/sessions/machine.ts',
    text: "if (sequence < session.lowestUnanswered) return { type: 'already-answered' };",
    becomes: '',
    tests: ['test/services/store/sessions.test.ts'],
  },
  {
    name: 'another request under the same idempotency key is told the result of the first',
    file: 'src/services/store/sessions/machine.ts',
    text: 'first.fingerprint === fingerprint ?',
    becomes: 'first.fingerprint !== undefined ?',
    tests: ['test/services/store/sessions.test.ts'],
  },
  {
    name: 'damage before whole records is taken for a torn end',
    file: 'src/journal/segmented/recovery.ts',
    text: 'if (findFrame(bytes, offset, salt, this.#source.crc32) !== undefined) {',
    becomes: 'if (bytes.length < 0) {',
    tests: ['test/journal/damage.test.ts', 'test/journal/segmented.test.ts'],
  },
  {
    name: 'a gap between records goes unnoticed',
    file: 'src/journal/segmented/recovery.ts',
    text: 'if (frame.firstSequence !== this.#nextSequence) {',
    becomes: 'if (frame.firstSequence < this.#nextSequence) {',
    tests: ['test/journal'],
  },
  {
    name: 'another node starts in the directory',
    file: 'src/journal/segmented/recovery.ts',
    text: 'if (header.node !== node) {',
    becomes: "if (header.node === '') {",
    tests: ['test/journal'],
  },
  {
    name: 'a page of a foreign site passes',
    file: 'src/web/origins.ts',
    text: 'if (host !== undefined && (own === undefined || !isKnown(own.hostname))) return false;',
    becomes: 'if (host !== undefined && own === undefined) return false;',
    tests: ['test/web'],
  },
  {
    name: 'answers over HTTP have no budget',
    file: 'src/services/http/response-budget.ts',
    text: 'if (usedBytes > 0 && usedBytes + next.sizeBytes > responseBytes) return;',
    becomes: '',
    tests: ['test/services/http/hostile.test.ts'],
  },
  {
    name: 'a node need not prove the secret',
    file: 'src/bus/tcp/handshake/seals.ts',
    text: 'if (!transcript.isProofOf(side, proof)) return false;',
    becomes: '',
    tests: wire,
  },
  {
    name: 'a proof of the side that dialled counts as one of the other side',
    file: 'src/bus/tcp/handshake/transcript.ts',
    text: 'timingSafeEqual(proof, proofOf(side))',
    becomes: "timingSafeEqual(proof, proofOf('dialled'))",
    tests: ['test/bus/transcript.test.ts'],
  },
  {
    name: 'a proof does not depend on the other nonce',
    file: 'src/bus/tcp/handshake.ts',
    text: '  transcript.add(second);\n',
    becomes: '',
    tests: wire,
  },
  {
    name: 'nodes that are no peers are let in',
    file: 'src/bus/tcp/handshake.ts',
    text: 'if (!options.isPeer(theirs.node)) {',
    becomes: "if (theirs.node === '') {",
    tests: wire,
  },
  {
    name: 'a stranger may say that the journal is lost',
    file: 'src/bus/tcp/handshake/refusal.ts',
    text: "if (frame.kind === 'refusal' && frame.code !== 'journal-lost') {",
    becomes: "if (frame.kind === 'refusal') {",
    tests: wire,
  },
  {
    name: 'what a client sends arrives as from a member',
    file: 'src/bus/tcp/core.ts',
    text: "proven === 'peer' ? 'member' : 'client'",
    becomes: "proven === 'peer' ? 'member' : 'member'",
    tests: wire,
  },
  {
    name: 'clients from elsewhere need no secret over TCP',
    file: 'src/bus/tcp/guests.ts',
    text: '!isLoopback(socket.remoteAddress)',
    becomes: 'false',
    tests: ['test/bus/tcp-elsewhere.test.ts'],
  },
  {
    name: 'clients from elsewhere need no token over HTTP',
    file: 'src/services/http/access.ts',
    text: 'isLoopback(socket.remoteAddress)) return;',
    becomes: 'true) return;',
    tests: ['test/services/http/access.test.ts'],
  },
  {
    name: 'whoever comes from elsewhere counts as from this machine',
    file: 'src/bus/tcp/guests/remote.ts',
    text: "it.startsWith('127.') : it === '::1'",
    becomes: "it.startsWith('1') : it === '::1'",
    tests: ['test/bus/places.test.ts'],
  },
  {
    name: 'a secret that others may read is taken',
    file: 'src/bus/tcp/secret/file.ts',
    text: 'if ((mode & othersBits) !== 0) {',
    becomes: 'if ((mode & othersBits) === othersBits) {',
    tests: ['test/bus/secret.test.ts'],
  },
  {
    name: 'a request over HTTP needs no token',
    file: 'src/services/http/access.ts',
    text: 'timingSafeEqual(digestOf(given), expected)) return;',
    becomes: 'given.length > 0) return;',
    tests: ['test/services/http/access.test.ts'],
  },
  {
    name: 'one address takes all slots from others',
    file: 'src/bus/tcp/guests/admission.ts',
    text: 'greediest.held.length <= clients.countOf(place) + 1',
    becomes: 'greediest.held.length > 0',
    tests: ['test/bus/admission.test.ts'],
  },
];
