#include "proxy/cli/styled_line.h"

#include <utility>

#include "proxy/cli/terminal_text.h"

namespace sluice {
namespace {

const char* sequence_of(Style style) {
  switch (style) {
    case Style::kStrong: return "\x1b[1m";
    case Style::kFaint: return "\x1b[2m";
    case Style::kGood: return "\x1b[32m";
    case Style::kWarn: return "\x1b[33m";
    case Style::kBad: return "\x1b[1;31m";
    case Style::kPlain: break;
  }
  return "";
}

}  // namespace

StyledLine& StyledLine::append(std::string text, Style style) {
  columns_ += terminal_columns(text);
  spans_.push_back({std::move(text), style});
  return *this;
}

StyledLine& StyledLine::add(std::string_view text, Style style) {
  return append(escape_for_terminal(text), style);
}

StyledLine& StyledLine::cell(std::string_view text, size_t columns, Style style) {
  return append(fit_columns(escape_for_terminal(text), columns), style);
}

StyledLine& StyledLine::number(std::string_view text, size_t columns, Style style) {
  return append(fit_columns(escape_for_terminal(text), columns, true), style);
}

StyledLine& StyledLine::at_the_end(std::string_view text, size_t columns, Style style) {
  std::string escaped = escape_for_terminal(text);
  const size_t wanted = terminal_columns(escaped);
  if (columns_ + wanted + 1 > columns) return *this;
  append(std::string(columns - columns_ - wanted, ' '), Style::kPlain);
  return append(std::move(escaped), style);
}

std::string StyledLine::to_text(size_t columns, bool colors) const {
  std::string out;
  size_t left = columns;
  for (const Span& span : spans_) {
    const size_t wanted = terminal_columns(span.text);
    const std::string text = wanted <= left ? span.text : fit_columns(span.text, left);
    const char* sequence = colors ? sequence_of(span.style) : "";
    out += sequence;
    out += text;
    if (*sequence != '\0') out += "\x1b[0m";
    if (wanted >= left) break;
    left -= wanted;
  }
  if (!colors) out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace sluice
