-- What wrk prints at the end, for measure.py: requests, seconds, p99 in ms, and answers that were not 200.
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format("result %d %f %f %d\n", summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
