import { expect, test } from 'vitest'
import { findingsTable } from '../../scripts/chaos/findings-table.ts'
import { chooseSections } from '../../scripts/chaos/sections.ts'

test('without names every section runs that leaves Docker alone', async () => {
  const names = [...(await chooseSections([], { restartDocker: true })).keys()]
  expect(names).toContain('kill')
  expect(names).not.toContain('docker-restart')
})

test('a section that restarts Docker runs only where that is allowed', async () => {
  await expect(chooseSections(['boot'], { restartDocker: false })).rejects.toThrow('restarts Docker')
  expect([...(await chooseSections(['boot'], { restartDocker: true })).keys()]).toEqual(['boot'])
})

test('a section that is not there is refused by its name', async () => {
  await expect(chooseSections(['weather'], { restartDocker: false })).rejects.toThrow(
    'There is no section "weather"',
  )
})

test('the table has its rows in order, and says which promises fall short', () => {
  const lines = findingsTable([
    { row: '41', promise: 'done is done', measured: '1 of 10 lost', holds: false },
    { row: '32b', promise: 'goes back', measured: '1.0 s', holds: true },
    { row: '32', promise: 'is refused', measured: '0 failed', holds: true },
  ])
  expect(lines.map((line) => line.trimEnd().replace(/ {2,}/g, ' | '))).toEqual([
    'row | promise | measured',
    '32 | is refused | 0 failed | held',
    '32b | goes back | 1.0 s | held',
    '41 | done is done | 1 of 10 lost | FALLS SHORT',
  ])
})
