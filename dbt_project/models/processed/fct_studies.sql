-- One row per study, with the number of its series and instances that have arrived.

with studies as (
    select * from {{ ref('stg_studies') }}
),

series as (
    select
        study_instance_uid,
        count(*) as number_of_series
    from {{ ref('stg_series') }}
    group by study_instance_uid
),

images as (
    select
        study_instance_uid,
        count(*) as number_of_instances
    from {{ ref('stg_images') }}
    group by study_instance_uid
)

select
    {{ columns_of([('stg_studies', 'studies')]) }},
    cast(coalesce(series.number_of_series, 0) as bigint) as number_of_series,
    cast(coalesce(images.number_of_instances, 0) as bigint) as number_of_instances
from studies
left join series on studies.study_instance_uid = series.study_instance_uid
left join images on studies.study_instance_uid = images.study_instance_uid
