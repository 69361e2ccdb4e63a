/* report_tables.c - what a report says in words and numbers, and the frame of the page. */
#include "tracks/quality/report.h"

#include <math.h>
#include <stdio.h>

static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; media-src data: file: "
    "'self'; "
    "style-src 'unsafe-inline'\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<title>Separation report</title>\n"
    "<style>\n"
    ":root { --ground: #f6f6f4; --ink: #1d2126; --soft: #5b6570; --line: #d9dde1; --card: #fff; --note: #fff3dc; "
    "--mark: #b97a10 }\n"
    "@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --ink: #e6e8ea; --soft: #9aa4ae; --line: "
    "#343b42; "
    "--card: #1d2125; --note: #3a2f17; --mark: #e3ad4c } }\n"
    "body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }\n"
    "main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }\n"
    "h1 { font-size: 1.5rem; margin: 0 0 1rem }\n"
    "h2 { font-size: 1.25rem; margin: 2.5rem 0 0; overflow-wrap: anywhere }\n"
    "h3 { font-size: 1rem; margin: 0; display: flex; align-items: center; gap: .5rem; overflow-wrap: anywhere }\n"
    "h3 i { width: .75rem; height: .75rem; border-radius: 50%; flex: none }\n"
    "h4 { font-size: 1rem; margin: 1.5rem 0 .25rem }\n"
    ".soft { color: var(--soft); margin: .25rem 0 }\n"
    ".unusual { background: var(--note); border-left: .25rem solid var(--mark); border-radius: .25rem; margin: .75rem "
    "0; "
    "padding: .6rem 1rem }\n"
    ".unusual ul { margin: .25rem 0 0; padding-left: 1.2rem }\n"
    "article { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .8rem 1rem "
    "1rem; "
    "margin: .8rem 0 }\n"
    ".figures { display: flex; flex-wrap: wrap; gap: 0 1rem; color: var(--soft); font-size: .875rem; margin: 0 0 .4rem "
    "}\n"
    ".figures:empty { margin: 0 0 .4rem }\n"
    "img { display: block; width: 100% }\n"
    ".waveform { height: 5rem }\n"
    ".spectrogram { height: 9rem; border-radius: .3rem }\n"
    ".plot { position: relative; margin-top: .4rem }\n"
    ".plot b { position: absolute; left: .4rem; transform: translateY(50%); font: .7rem system-ui, sans-serif; color: "
    "#fff; "
    "text-shadow: 0 0 3px #000, 0 0 3px #000 }\n"
    ".time { display: flex; justify-content: space-between; font-size: .75rem; color: var(--soft) }\n"
    "audio { display: block; width: 100%; height: 2.5rem; margin-top: .5rem }\n"
    ".wide { overflow-x: auto }\n"
    "table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums }\n"
    "th, td { padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: "
    "nowrap }\n"
    "th { font-weight: 600 }\n"
    "th:first-child { text-align: left }\n"
    "details { margin-top: 2.5rem; color: var(--soft) }\n"
    "dt { color: var(--ink); font-weight: 600; margin-top: .6rem }\n"
    "dd { margin: 0 }\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<main>\n"
    "<h1>Separation report</h1>\n";

static const char foot[] =
    "<details>\n"
    "<summary>What the figures mean</summary>\n"
    "<dl>\n"
    "<dt>RMS, peak</dt><dd>How loud a stem is on average, and at most; 0 dB is full scale.</dd>\n"
    "<dt>Beyond full scale</dt><dd>Samples that are too loud for a file: it was turned down or cut off.</dd>\n"
    "<dt>Silent</dt><dd>For how much of the time the stem is below \u221260 dB.</dd>\n"
    "<dt>DC</dt><dd>How far the middle of the waveform is from zero; 1 is full scale.</dd>\n"
    "<dt>Left in the rest</dt><dd>How loud what is left of the stem in the rest of the track is, relative to the stem: "
    "\u221230 dB is hardly heard, \u221215 dB is. A dash: too quiet to tell.</dd>\n"
    "<dt>Correlation</dt><dd>1: two stems are the same sound; 0: they have nothing in common.</dd>\n"
    "<dt>Track minus stems</dt><dd>What the stems do not add up to, relative to the track.</dd>\n"
    "</dl>\n"
    "<p>Pictures: peaks (pale) and RMS (full) over time, the quiet parts enlarged; and how loud each frequency is, "
    "from \u221290 dB (black) to "
    "\u221215 dB "
    "(light).</p>\n"
    "</details>\n";

void dmx_report_head(dmx_page *page) { dmx_file_write(page->file, head, sizeof head - 1); }

void dmx_report_foot(dmx_page *page)
{
    dmx_file_write(page->file, foot, sizeof foot - 1);
    dmx_page_print(page, "<p class=\"soft\">demucs %s</p>\n</main>\n</body>\n</html>\n", demucs_version());
}

void dmx_report_outliers(dmx_page *page, const demucs_quality *quality)
{
    if (quality->outliers_count == 0) {
        dmx_page_print(page, "<p class=\"soft\">Nothing unusual.</p>\n");
        return;
    }
    dmx_page_print(page, "<div class=\"unusual\">Unusual:<ul>\n");
    for (size_t i = 0; i < quality->outliers_count; i++) {
        dmx_page_print(page, "<li>");
        dmx_page_text(page, quality->outliers[i]->text);
        dmx_page_print(page, "</li>\n");
    }
    dmx_page_print(page, "</ul></div>\n");
}

static void write_stem(dmx_page *page, const demucs_quality *quality, const demucs_quality_stem *stem)
{
    char rms[DMX_PAGE_NUMBER], peak[DMX_PAGE_NUMBER], leak[DMX_PAGE_NUMBER], dc[DMX_PAGE_NUMBER];
    const double samples = fmax((double)quality->frames * quality->channels, 1);
    snprintf(dc, sizeof dc, "%s%.4f", stem->dc <= -0.00005 ? "\u2212" : "", fabs(stem->dc));
    dmx_page_print(page, "<tr><th>");
    dmx_page_text(page, stem->name);
    dmx_page_print(page, "</th><td>%s</td><td>%s</td><td>%.2g %%</td><td>%.0f %%</td><td>%s</td><td>%s</td></tr>\n",
                   dmx_page_db(rms, dmx_page_level(stem->rms)), dmx_page_db(peak, dmx_page_level(stem->peak)),
                   100 * (double)stem->clipped / samples, 100 * stem->silent_share, dc,
                   dmx_page_db(leak, stem->leak_db));
}

static void write_correlation(dmx_page *page, const demucs_quality *quality)
{
    dmx_page_print(page, "<h4>Correlation</h4>\n<div class=\"wide\"><table>\n<tr><th></th>");
    for (size_t i = 0; i < quality->stems_count; i++) {
        dmx_page_print(page, "<th>");
        dmx_page_text(page, quality->stems[i]->name);
        dmx_page_print(page, "</th>");
    }
    dmx_page_print(page, "</tr>\n");
    for (size_t i = 0; i < quality->stems_count; i++) {
        dmx_page_print(page, "<tr><th>");
        dmx_page_text(page, quality->stems[i]->name);
        dmx_page_print(page, "</th>");
        for (size_t j = 0; j < quality->stems_count; j++) {
            const double r = quality->correlation[i * quality->stems_count + j];
            if (isnan(r))
                dmx_page_print(page, "<td>\u2013</td>");
            else
                dmx_page_print(page, "<td>%s%.2f</td>", r <= -0.005 ? "\u2212" : "", fabs(r));
        }
        dmx_page_print(page, "</tr>\n");
    }
    dmx_page_print(page, "</table></div>\n");
}

void dmx_report_tables(dmx_page *page, const demucs_quality *quality)
{
    char residual[DMX_PAGE_NUMBER];
    dmx_page_print(page,
                   "<h4>Figures</h4>\n<div class=\"wide\"><table>\n<tr><th></th><th>RMS</th><th>Peak</th><th>Beyond "
                   "full scale</th><th>Silent</th><th>DC</th><th>Left in the rest</th></tr>\n");
    for (size_t i = 0; i < quality->stems_count; i++) write_stem(page, quality, quality->stems[i]);
    dmx_page_print(page, "</table></div>\n");
    if (!isnan(quality->residual_db))
        dmx_page_print(page, "<p class=\"soft\">Track minus stems: %s</p>\n",
                       dmx_page_db(residual, quality->residual_db));
    if (quality->stems_count > 1) write_correlation(page, quality);
}
