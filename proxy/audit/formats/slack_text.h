// slack_text: text in Slack's mrkdwn that means nothing but itself. What callers and vendors wrote stands in
// code spans: there Slack makes neither links nor mentions nor bold type of it. Pure; any thread.
// Source: docs.slack.dev, "Formatting message text" (& < > are escaped, and nothing else is).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// `text` in backticks, its own backticks as apostrophes, without characters that control the line or the
// direction of text, cut with "…" so that it has at most `most` octets after the escaping; "`-`" when nothing
// is left.
std::string slack_code(std::string_view text, size_t most);

}  // namespace sluice
