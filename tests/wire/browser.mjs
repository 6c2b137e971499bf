// Uses GraphiQL in a real browser: node browser.mjs <url> <chromium> <screenshot.png>; prints a line of JSON.
// Other hosts do not resolve, and everything that the Content Security Policy blocks is reported.
import puppeteer from 'puppeteer-core'

const [url, executablePath, screenshot] = process.argv.slice(2)
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] })
const report = { violations: [], errors: [], foreign: [], sent: [] }
try {
  const page = await browser.newPage()
  await page.setViewport({ width: 1400, height: 900 })
  await page.evaluateOnNewDocument(() => {
    window.violations = []
    addEventListener('securitypolicyviolation', (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`))
  })
  page.on('pageerror', (error) => report.errors.push(error.message))
  // A browser logs a response with an error status as an error, although the page handles it.
  const rejected = (line) => line.location().url === `${url}/graphql` && line.text().startsWith('Failed to load resource')
  page.on('console', (line) => line.type() === 'error' && !rejected(line) && report.errors.push(line.text()))
  page.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(url) && !/^(data|blob):/.test(address)) report.foreign.push(address)
    if (request.method() === 'POST') {
      report.sent.push({ authorization: request.headers().authorization ?? null, body: JSON.parse(request.postData()) })
    }
  })
  const opened = await page.goto(`${url}/graphql`, { waitUntil: 'networkidle0' })
  report.policy = opened.headers()['content-security-policy']
  await page.waitForSelector('.graphiql-execute-button')
  report.tabs = await page.$$eval('.graphiql-tab-button', (tabs) => tabs.map((tab) => tab.textContent.trim()))
  report.identities = await page.$$eval('#who option', (options) => options.map((option) => option.textContent))
  report.answers = []
  for (const name of report.identities) {
    await page.select('#who', name)
    await page.waitForNetworkIdle()
    const [response] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === 'POST'), page.click('.graphiql-execute-button'),
    ])
    const answer = await response.json()
    // Wait until the page shows this response instead of the previous one.
    const part = JSON.stringify(answer.data ?? answer.errors[0].extensions).slice(1, -1)
    await page.waitForFunction((part) => {
      const text = document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()
      return text?.startsWith('{') && JSON.stringify(JSON.parse(text)).includes(part)
    }, {}, part)
    report.answers.push(answer)
  }
  await page.select('#who', report.identities[0])
  await page.click('.graphiql-execute-button')
  await page.waitForNetworkIdle()
  await page.click('button[aria-label="Show Documentation Explorer"]')
  await page.waitForSelector('.graphiql-doc-explorer')
  await page.screenshot({ path: screenshot })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  report.violations = await page.evaluate(() => window.violations)
} finally {
  await browser.close()
}
console.log(JSON.stringify(report))
