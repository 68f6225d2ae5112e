import { UsageError } from './errors.ts'

/** HAProxy has to hold it in a buffer of 16 KB, in base64. */
const largest = 8 * 1024

/** `page` where an app can show it when it fails. Throws `UsageError`. */
export function parseErrorPage(page: string): string {
  if (page.trim() === '')
    throw new UsageError('There is no page on stdin', {
      next: 'For instance: ssh paas router:error-page blog < page.html',
    })
  if (Buffer.byteLength(page) > largest)
    throw new UsageError('The page is larger than 8 KiB', {
      next: 'Keep its images and styles elsewhere, and name them by https://',
    })
  if (/<(pre|textarea|script)\b[^>]*>[^<]*[\r\n]/i.test(page))
    throw new UsageError(
      'A page for failures reaches browsers without its line ends, and this one needs them',
      {
        next: 'Take the line ends out of its <pre>, <textarea> and <script>',
      },
    )
  return page
}
