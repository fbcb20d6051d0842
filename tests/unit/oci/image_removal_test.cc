#include "adapters/oci/image_removal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::oci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:ab" + std::string(62, 'b');
const std::string kDigest = "busybox@sha256:" + std::string(64, 'd');

ImageIndex library() {
  ImageIndex index;
  for (const auto& id : {kA, kB}) {
    auto image = std::make_shared<ports::Image>();
    image->id = id;
    index.add(image);
  }
  index.set_name("busybox:latest", kA);
  return index;
}

std::string error_of(const base::Result<Removal>& removal, base::ErrorKind kind) {
  if (removal) return "went through";
  EXPECT_EQ(removal.error().kind, kind);
  return removal.error().text;
}

TEST(ImageIndex, ResolvesNamesIdsAndUniquePrefixes) {
  auto index = library();
  index.set_name(kDigest, kA);
  for (const auto* name : {"busybox", "busybox:latest", "docker.io/library/busybox", "docker.io/busybox:latest"}) {
    EXPECT_EQ(index.resolve(name)->id, kA) << name;
  }
  EXPECT_EQ(index.resolve(kDigest)->id, kA);
  EXPECT_EQ(index.resolve("busybox:latest@" + kDigest.substr(8))->id, kA);
  EXPECT_EQ(index.resolve(kA)->id, kA);
  EXPECT_EQ(index.resolve(std::string(64, 'a'))->id, kA);
  EXPECT_EQ(index.resolve("aaaa")->id, kA);
  EXPECT_EQ(index.resolve("sha256:abb")->id, kB);
  EXPECT_TRUE(index.resolve("aaaa")->by_id);
  EXPECT_FALSE(index.resolve("busybox")->by_id);
}

TEST(ImageIndex, RefusesInDockersWords) {
  const auto index = library();
  EXPECT_EQ(index.resolve("a").error().text, "No such image: a:latest");  // two begin with it
  EXPECT_EQ(index.resolve("nginx").error().text, "No such image: nginx:latest");
  EXPECT_EQ(index.resolve("nginx:1").error().text, "No such image: nginx:1");
  EXPECT_EQ(index.resolve("docker.io/library/nginx").error().text, "No such image: nginx:latest");
  EXPECT_EQ(index.resolve("nginx").error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(index.resolve("Bad!").error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(index.resolve(":").error().text, "invalid reference format");
}

TEST(ImageIndex, NamesSurviveTheFile) {
  auto index = library();
  index.set_name(kDigest, kB);
  auto again = library();
  ASSERT_TRUE(again.read_names(index.names_json()).has_value());
  EXPECT_EQ(again.id_of(kDigest), kB);
  EXPECT_EQ(again.view(kB).digests, std::vector{kDigest});
  EXPECT_FALSE(again.read_names("[1").has_value());
  EXPECT_TRUE(again.read_names(R"({"x:1":"sha256:gone","y:1":7})").has_value());
  EXPECT_EQ(again.id_of("x:1"), "");
}

TEST(ImageIndex, ANameMovesFromOneImageToTheOther) {
  auto index = library();
  index.set_name("busybox:latest", kB);
  EXPECT_THAT(index.view(kA).tags, IsEmpty());
  EXPECT_THAT(index.view(kB).tags, ElementsAre("busybox:latest"));
}

TEST(ImageRemoval, LastTagTakesTheImage) {
  auto index = library();
  index.set_name(kDigest, kA);
  const auto removal = plan_removal(index, "busybox", false, {});
  ASSERT_TRUE(removal.has_value());
  EXPECT_THAT(removal->untagged, ElementsAre("busybox:latest", kDigest));
  EXPECT_THAT(removal->images, ElementsAre(kA));
  EXPECT_EQ(index.entry(kA), nullptr);
}

TEST(ImageRemoval, OneOfSeveralTagsOnlyGoesItself) {
  auto index = library();
  index.set_name("other:1", kA);
  const auto removal = plan_removal(index, "busybox:latest", false, {{kA, std::string(64, 'c')}});
  ASSERT_TRUE(removal.has_value());
  EXPECT_THAT(removal->untagged, ElementsAre("busybox:latest"));
  EXPECT_THAT(removal->images, IsEmpty());
}

TEST(ImageRemoval, ByIdWithSeveralTagsNeedsForce) {
  auto index = library();
  index.set_name("other:1", kA);
  EXPECT_EQ(error_of(plan_removal(index, kA, false, {}), base::ErrorKind::conflict),
            "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is referenced in multiple repositories");
  const auto removal = plan_removal(index, "aaaaa", true, {});
  ASSERT_TRUE(removal.has_value());
  EXPECT_THAT(removal->untagged, UnorderedElementsAre("busybox:latest", "other:1"));
  EXPECT_THAT(removal->images, ElementsAre(kA));
}

TEST(ImageRemoval, RefusesTheNameOfAnImageInUse) {
  auto index = library();
  const std::string words =
      "conflict: unable to remove repository reference \"busybox\" (must force) - container cccccccccccc is using its "
      "referenced image aaaaaaaaaaaa";
  EXPECT_EQ(error_of(plan_removal(index, "busybox", false, {{kA, std::string(64, 'c')}}), base::ErrorKind::conflict),
            words);
  EXPECT_EQ(error_of(plan_removal(index, "busybox", false, {{kA, "stopped:" + std::string(64, 'c')}}),
                     base::ErrorKind::conflict),
            words);
}

TEST(ImageRemoval, ForceTakesTheNamesAndLeavesWhatAContainerNeeds) {
  auto index = library();
  const auto removal = plan_removal(index, "busybox", true, {{kA, std::string(64, 'c')}});
  ASSERT_TRUE(removal.has_value());
  EXPECT_THAT(removal->untagged, ElementsAre("busybox:latest"));
  EXPECT_THAT(removal->images, IsEmpty());
  EXPECT_NE(index.entry(kA), nullptr);
}

TEST(ImageRemoval, ByIdInUse) {
  auto index = library();
  const std::map<std::string, std::string> running{{kA, std::string(64, 'c')}},
      stopped{{kA, "stopped:" + std::string(64, 'c')}};
  for (const bool force : {false, true}) {
    EXPECT_EQ(error_of(plan_removal(index, kA, force, running), base::ErrorKind::conflict),
              "conflict: unable to delete aaaaaaaaaaaa (cannot be forced) - image is being used by running container "
              "cccccccccccc");
  }
  EXPECT_EQ(error_of(plan_removal(index, kA, false, stopped), base::ErrorKind::conflict),
            "conflict: unable to delete aaaaaaaaaaaa (must be forced) - image is being used by stopped container "
            "cccccccccccc");
  const auto removal = plan_removal(index, kA, true, stopped);
  ASSERT_TRUE(removal.has_value());
  EXPECT_THAT(removal->images, IsEmpty());
  EXPECT_NE(index.entry(kA), nullptr);
}

TEST(ImageRemoval, UnknownNames) {
  auto index = library();
  EXPECT_EQ(error_of(plan_removal(index, "nginx", true, {}), base::ErrorKind::not_found),
            "No such image: nginx:latest");
}

TEST(ImagePrune, TakesWhatHasNoNameOrWithAllNoContainer) {
  auto index = library();
  EXPECT_THAT(plan_prune(index, false, {{kB, "c"}}).images, IsEmpty());
  EXPECT_THAT(plan_prune(index, false, {}).images, ElementsAre(kB));
  EXPECT_THAT(plan_prune(index, true, {{kA, "c"}}).images, IsEmpty());
  const auto removal = plan_prune(index, true, {});
  EXPECT_THAT(removal.images, ElementsAre(kA));
  EXPECT_THAT(removal.untagged, ElementsAre("busybox:latest"));
}

}  // namespace
}  // namespace fairlead::oci
