import { afterAll, beforeAll, test } from 'vitest'
import { startInstance, type TestInstance } from '../instance.ts'
import { assertModel } from './assert-model.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('after random commands of several people everything is as the model says', async () => {
  await assertModel(paas, { seed: 1452, runs: 1, mostCommands: 14 })
}, 180_000)
