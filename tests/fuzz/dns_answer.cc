#include <cstdlib>

#include "wire/dns_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const auto answer = wire::parse_dns_answer({data, size});
  if (!answer) return 0;
  wire::DnsQuery query;
  query.id = answer->id;
  query.name = answer->name;
  query.type = answer->type;
  query.klass = answer->klass;
  if (!wire::answers_question(*answer, query)) std::abort();
  std::vector<std::uint8_t> message(data, data + size);
  wire::adapt_dns_answer(message, answer->ttl_at, query, 1);
  const auto older = wire::parse_dns_answer(message);
  if (!older) return 0;  // a name may point into a TTL
  if (older->ttl_at != answer->ttl_at || older->name != answer->name) std::abort();
  if (older->ttl.has_value() != answer->ttl.has_value() || older->ttl.value_or(0) > answer->ttl.value_or(0))
    std::abort();
  return 0;
}
