const lookMs = 10_000
/** The share of a look's time below which a process counts as idle: to collect stops it for some 50 ms. */
const idleShare = 0.05
/** Less than that is not worth the stop. */
const worthBytes = 2_000_000

/**
 * Has V8 collect what work has left behind once the process is idle, until it is disposed. By itself V8 collects while
 * something allocates, so that an idle server keeps the garbage of its last import or thousand requests for ever: 13 MB
 * after a whole benchmark. Does nothing where Node runs without `--expose-gc`.
 */
export function collectWhenIdle(everyMs = lookMs): Disposable {
  let leftBytes = 0
  let seen = performance.eventLoopUtilization()
  const look = (): void => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, seen)
    seen = now
    if (utilization > idleShare || inUse() < leftBytes + worthBytes) return
    // Code that was not run lately goes too: it is compiled again when it is needed.
    globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
    leftBytes = inUse()
  }
  const timer = setInterval(look, everyMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
