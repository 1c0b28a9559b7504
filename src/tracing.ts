/**
 * OpenTelemetry traces of what nodes do: one of each command that is replicated, and one of each transaction. Needs
 * `@opentelemetry/api`, a peer to install. Experimental: names and shapes may change between minor versions.
 */

export { type CommandTraceName, commandTraceId, transactionTraceId } from './tracing/ids.ts';
export {
  type Tracing,
  type TracingOptions,
  TracingOptionsError,
  type TracingStatus,
  traceNode,
} from './tracing/trace-node.ts';
