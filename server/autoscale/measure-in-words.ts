import type { Measure } from '../state/autoscale.ts'

const words: Readonly<Record<Measure, (value: number) => string>> = {
  queue: (value) => `${rounded(value)} requests in flight for each container`,
  p95: (value) => `95 of 100 answers took up to ${rounded(value)} ms`,
  cpu: (value) => `each container uses ${rounded(value)} % of its CPU`,
}

/** `12.5 requests in flight for each container` */
export const measureInWords = (measure: Measure, value: number): string => words[measure](value)

const rounded = (value: number): string => String(Math.round(value * 10) / 10)
