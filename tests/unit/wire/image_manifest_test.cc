#include "wire/image_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::wire {
namespace {

using testing::ElementsAre;

std::string digest(char c) {
  return "sha256:" + std::string(64, c);
}
std::string descriptor(char c, const std::string& more = {}) {
  return R"({"mediaType":"m","size":7,"digest":")" + digest(c) + "\"" + more + "}";
}

TEST(ArchiveManifest, ReadsAndWrites) {
  const auto images = parse_archive_manifest(
      R"([{"Config":"c.json","RepoTags":["a:1","b:2"],"Layers":["x/layer.tar"],"LayerSources":{}},{"Config":"d.json","RepoTags":null,"Layers":null}])");
  ASSERT_TRUE(images.has_value()) << images.error().text;
  ASSERT_EQ(images->size(), 2u);
  EXPECT_THAT((*images)[0].tags, ElementsAre("a:1", "b:2"));
  EXPECT_TRUE((*images)[1].tags.empty());
  EXPECT_EQ(*parse_archive_manifest(archive_manifest_json(*images)), *images);
  for (const auto* bad :
       {"{}", "[1]", R"([{"RepoTags":[]}])", R"([{"Config":"c","Layers":[1]}])", R"([{"Config":1}])"}) {
    EXPECT_FALSE(parse_archive_manifest(bad).has_value()) << bad;
  }
}

TEST(ImageManifest, ReadsOneImage) {
  const auto manifest = parse_image_manifest(R"({"schemaVersion":2,"mediaType":"t","config":)" + descriptor('c') +
                                             R"(,"layers":[)" + descriptor('1') + "," + descriptor('2') + "]}");
  ASSERT_TRUE(manifest.has_value()) << manifest.error().text;
  EXPECT_FALSE(manifest->is_index);
  EXPECT_EQ(manifest->config.digest, digest('c'));
  ASSERT_EQ(manifest->layers.size(), 2u);
  EXPECT_EQ(manifest->layers[1].size, 7);
  EXPECT_EQ(*parse_image_manifest(image_manifest_json(*manifest)), *manifest);
}

TEST(ImageManifest, ChoosesThePlatform) {
  const auto platform = [](const char* architecture, const char* variant) {
    return std::string(R"(,"platform":{"os":"linux","architecture":")") + architecture + R"(","variant":")" + variant +
           "\"}";
  };
  const auto index =
      parse_image_manifest(R"({"schemaVersion":2,"manifests":[)" + descriptor('1', platform("arm", "v6")) + "," +
                           descriptor('2', platform("arm", "v7")) + "," + descriptor('3', platform("amd64", "")) +
                           R"(],"annotations":{"k":"v"}})");
  ASSERT_TRUE(index.has_value()) << index.error().text;
  EXPECT_TRUE(index->is_index);
  EXPECT_EQ(choose_platform(*index, "linux", "amd64", "")->digest, digest('3'));
  EXPECT_EQ(choose_platform(*index, "linux", "arm", "v7")->digest, digest('2'));
  EXPECT_EQ(choose_platform(*index, "linux", "arm", "")->digest, digest('1'));
  EXPECT_EQ(choose_platform(*index, "linux", "s390x", ""), nullptr);
  EXPECT_EQ(*parse_image_manifest(image_manifest_json(*index)), *index);
}

TEST(ImageManifest, RefusesOthers) {
  const std::string bad[] = {
      "",
      "[]",
      "{}",
      R"({"schemaVersion":1,"name":"x","fsLayers":[]})",
      R"({"schemaVersion":"2","manifests":[]})",
      R"({"schemaVersion":2,"config":{"digest":"x"},"layers":[]})",
      R"({"schemaVersion":2,"config":)" + descriptor('c') + R"(,"layers":[)" + descriptor('Z') + "]}",
      R"({"schemaVersion":2,"config":)" + descriptor('c') + R"(,"layers":{}})",
      R"({"schemaVersion":2,"config":)" + descriptor('c') + R"(,"manifests":[]})",
      R"({"schemaVersion":2,"manifests":[{"digest":")" + digest('1') + R"(","size":-1}]})",
      R"({"schemaVersion":2,"manifests":[)" + descriptor('1', R"(,"platform":[])") + "]}"};
  for (const auto& text : bad) {
    const auto manifest = parse_image_manifest(text);
    ASSERT_FALSE(manifest.has_value()) << text;
    EXPECT_EQ(manifest.error().kind, base::ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace fairlead::wire
