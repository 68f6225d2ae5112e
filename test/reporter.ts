import { stripVTControlCharacters } from 'node:util'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

/**
 * A line for each test file as it ends, skipped tests with their reason, failures in full at the end, and as the
 * last line `N passed, N failed`. A file or hook that fails outside of a test counts as one failure.
 */
export default class ShortReporter implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const { passed, skipped, failures } = summary(module)
    const parts = [
      `${passed} passed`,
      ...(failures.length ? [`${failures.length} failed`] : []),
      ...(skipped.length ? [`${skipped.length} skipped`] : []),
    ]
    const seconds = (module.diagnostic().duration / 1000).toFixed(1)
    print(
      `${failures.length ? ' !    ' : '----->'} ${module.relativeModuleId}: ${parts.join(', ')} (${seconds} s)`,
    )
    for (const { name, reason } of skipped) print(`       skipped: ${name} (${reason})`)
    for (const { name } of failures) print(`       failed: ${name}`)
  }

  onUserConsoleLog({ content }: { content: string }): void {
    for (const line of content.trimEnd().split('\n')) print(`       ${line}`)
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<Problem>): void {
    const summaries = modules.map(summary)
    const failures = [
      ...summaries.flatMap(({ failures }) => failures),
      ...(unhandled.length ? [{ name: 'Errors outside of any test', errors: unhandled }] : []),
    ]
    for (const { name, errors } of failures) {
      print(`\n=====> ${name}`)
      for (const error of errors) print(described(error))
    }
    const passed = summaries.reduce((sum, one) => sum + one.passed, 0)
    print(`\n${passed} passed, ${failures.length} failed`)
  }
}

type Problem = {
  readonly message: string
  readonly stack?: string | undefined
  readonly diff?: string | undefined
}
type Failure = { readonly name: string; readonly errors: ReadonlyArray<Problem> }
type Skipped = { readonly name: string; readonly reason: string }

function summary(module: TestModule): {
  readonly passed: number
  readonly skipped: readonly Skipped[]
  readonly failures: readonly Failure[]
} {
  const tests = [...module.children.allTests()]
  const groups: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()]
  return {
    passed: tests.filter((test) => test.result().state === 'passed').length,
    skipped: tests.flatMap(skippedTest),
    failures: [
      ...groups.flatMap((group) => failure(groupName(group), group.errors())),
      ...tests.flatMap((test) => failure(`${module.relativeModuleId} > ${test.fullName}`, failedWith(test))),
    ],
  }
}

function skippedTest(test: TestCase): Skipped[] {
  const result = test.result()
  return result.state === 'skipped' ? [{ name: test.fullName, reason: result.note ?? 'no reason given' }] : []
}

function failedWith(test: TestCase): ReadonlyArray<Problem> {
  const result = test.result()
  // A test that never ended (its worker died) has not passed.
  if (result.state === 'pending') return [{ message: 'It did not end' }]
  return result.state === 'failed' ? result.errors : []
}

function groupName(group: TestModule | TestSuite): string {
  return group.type === 'module'
    ? group.relativeModuleId
    : `${group.module.relativeModuleId} > ${group.fullName}`
}

function failure(name: string, errors: ReadonlyArray<Problem>): Failure[] {
  return errors.length ? [{ name, errors }] : []
}

function described({ message, stack, diff }: Problem): string {
  const frames =
    stack?.split('\n').filter((line) => /^ +at /.test(line) && !line.includes('node_modules')) ?? []
  return [message, ...frames, ...(diff ? [diff] : [])].join('\n')
}

function print(line: string): void {
  process.stdout.write(`${process.stdout.isTTY ? line : stripVTControlCharacters(line)}\n`)
}
