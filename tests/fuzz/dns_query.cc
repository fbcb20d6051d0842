#include <cstdlib>

#include "wire/dns_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const auto query = wire::parse_dns_query({data, size});
  if (!query) return 0;
  const auto encoded = wire::encode_dns_query(*query);
  const wire::DnsBytes bytes(reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size());
  const auto again = wire::parse_dns_query(bytes);
  if (!again || *again != *query) std::abort();
  wire::DnsTextBuffer text;
  if (const auto address = wire::dns_reverse_address(wire::dns_name_text(query->name, text));
      address && address->bits() == 0)
    std::abort();
  std::array<std::uint8_t, 512> out;
  wire::DnsAnswerWriter writer(out, *query);
  for (std::uint32_t i = 0; i < 40; ++i) writer.add(base::Ip::v4(i), i);
  writer.add_pointer(query->name, 1);
  const auto answer = wire::parse_dns_answer({out.data(), writer.finish(0)});
  if (!answer || !wire::answers_question(*answer, *query) || answer->id != query->id || !answer->truncated)
    std::abort();
  return 0;
}
