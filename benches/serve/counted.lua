-- What every load prints at its end.
function counted(summary, latency, more)
   local errors = summary.errors
   local at = function(percent) return latency:percentile(percent) / 1000 end
   io.write(string.format(
      'COUNTED {"requests":%d,"per_second":%.1f,"p50_ms":%.2f,"p95_ms":%.2f,"p99_ms":%.2f,"max_ms":%.2f,"refused":%d,"broken":%d%s}\n',
      summary.requests, summary.requests / (summary.duration / 1e6), at(50), at(95), at(99), latency.max / 1000,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout, more or ""))
end
